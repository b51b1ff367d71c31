"""Full-text search over the catalogue."""

from flask import Flask, jsonify, request

app = Flask(__name__)
PRODUCTS: dict[str, str] = {}


@app.get("/search")
def search():
    words = request.args.get("q", "").lower().split()
    return jsonify([key for key, text in PRODUCTS.items() if all(word in text for word in words)])
