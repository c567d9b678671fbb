"""The goods wing's routes."""

from fastapi import APIRouter

from kaibo.goods.http import importing, pictures, products, reviews, shelf

routers: tuple[APIRouter, ...] = (shelf.router, importing.router, products.router, reviews.router, pictures.router)
