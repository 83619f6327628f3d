"""The seed's verification checklists, ticked by the last results and by nothing else.

``plan`` says what is evidence for which box (docs/checklist.yaml), ``results`` reads
what the last runs left, ``resolving`` brings them together, ``printing`` shows it.
"""
