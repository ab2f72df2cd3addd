from pymongo import MongoClient

db = MongoClient("mongodb://localhost")["game"]
