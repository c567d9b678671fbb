"""Open (开): what programs outside the house hear of it and take from it.

Owns: webhook endpoints, their messages and deliveries; exports and their files.
Promises: one delivery row for every event and endpoint, whatever is killed; a delivery is signed (Standard Webhooks), repeated over
three days and never sent to a private address; what is sent is a published shape with a version, not the house's own events.
Publishes: nothing.
Hears: trade.order.*, trade.parcel.*, trade.aftersales.*, goods.product.changed, goods.stock.changed, stage.broadcast.*.
"""
