"""Goods (货): what is sold.

Owns: products, SKUs, categories, pictures, prices and their history, stock, the import, the shelf, affiliate selling
(plans and rates, selection, showcases).
Promises: stock never goes below nothing and a held piece is never sold twice; what was not reviewed is not on sale;
every change of a price or of stock leaves an entry.
Publishes: goods.stock.changed, goods.product.changed.
Hears: people.person.deleted; trade calls hold, release, consume and put_back in its own transactions.
"""
