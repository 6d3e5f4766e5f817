"""Studies: many trainings or measurements, told in one table, one picture and one paragraph."""
