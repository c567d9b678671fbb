"""The simulated crowd: visits, chat, likes, orders; hosts and merchants at work. All of it through the public API."""
