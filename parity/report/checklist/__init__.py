"""The seed's verification checklists, ticked by the last results alone.

``plan`` is the evidence for each box (docs/checklist.yaml), ``results`` reads the results of
the last runs, ``resolving`` brings the two together, and ``printing`` shows the checklists.
"""
