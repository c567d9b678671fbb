"""Stage (场): the live room.

Owns: rooms, broadcasts, stream keys and recordings, chat, bags and pitches, viewers, the live board, the room wall; the media
engine in `media/` is a process of its own and asks this wing over HTTP hooks.
Promises: an acknowledged chat line is kept (law: three years); nothing is announced that was rolled back; one owner a room
numbers all its frames; a broadcast goes live only with every notice the law wants; a figure of the board is counted from rows.
Publishes: stage.broadcast.live, stage.broadcast.ended, stage.recording.kept.
Hears: trade.orders.placed, trade.order.paid, trade.order.refunded, goods.stock.changed, goods.product.changed,
people.person.deleted.
"""
