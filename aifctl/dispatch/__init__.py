"""What verbs over many nodes share: choosing, consent, the timetable, carrying a deed out."""
