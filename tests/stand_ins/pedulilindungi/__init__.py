"""A stand-in for PeduliLindungi, for development and tests: nobody is registered or checked in anywhere.

It keeps to the contract that the connector speaks, and does what it is told to, for one NIK or for all of them.
"""
