print("p2pmirror")
