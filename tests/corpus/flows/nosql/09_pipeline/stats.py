def pipeline_for(request) -> list[dict]:
    stages = []
    if request.match:
        stages.append({"$match": request.match})
    stages.append({"$group": {"_id": "$" + request.by, "total": {"$sum": "$amount"}}})
    return stages
