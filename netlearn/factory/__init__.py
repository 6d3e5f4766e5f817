"""Many chips of one netlist: what manufacture makes of them, how many learn, and what spoils the rest."""
