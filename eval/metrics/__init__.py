"""The measures, named as in the literature; each module says exactly what it counts.

Reading order: ``ranking`` what was retrieved, ``nuggets`` what was said, ``citations`` what it
rests on, ``wording`` how it reads, ``abstention`` when nothing is said, ``stats`` means with
intervals.
"""
