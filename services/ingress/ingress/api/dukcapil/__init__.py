"""Dukcapil face recognition (`dukcapil-face-recognition-1n.md`), served to institutions over their own galleries.

Translation between its HTTP and the platform's jobs. The endpoints are in `routes`.
"""
