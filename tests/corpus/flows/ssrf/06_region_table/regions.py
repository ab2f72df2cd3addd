HOSTS = {"eu": "eu.status.example", "us": "us.status.example"}
