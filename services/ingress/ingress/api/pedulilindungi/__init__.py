"""Face × PeduliLindungi: the endpoints below `/pedulilindungi` of the Face API's mounts, served like the Face API itself."""
