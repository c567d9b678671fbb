"""Agencies (机构, MCN): who they are, whom they represent, and for which share of the commission."""
