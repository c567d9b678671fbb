"""People (人): who takes part, and in which standing.

Owns: persons and their logins, grants, delivery addresses, merchants and their shops, real names, room crews,
messages by SMS, agencies and what they agreed with creators.
Promises: a code, a password or an identity number is never readable in a table; a licence or an identity stands for one
merchant or one person; every change of someone's standing leaves an entry (who, what, why, when).
Publishes: people.merchant.approved, people.merchant.refused, people.realname.decided, people.crew.changed,
people.person.deleted.
Hears: nothing.
"""
