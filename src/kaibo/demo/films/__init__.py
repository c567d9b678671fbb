"""The films of the demo rooms and the clock source."""

from __future__ import annotations

from kaibo.demo.films.clock import clock_command, read_clock
from kaibo.demo.films.montage import FilmScene, timeline
from kaibo.demo.films.render import FILM_SECONDS, FilmNotRendered, render_film

__all__ = ["FILM_SECONDS", "FilmNotRendered", "FilmScene", "clock_command", "read_clock", "render_film", "timeline"]
