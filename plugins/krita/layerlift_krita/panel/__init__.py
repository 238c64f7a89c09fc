"""What the user sees: the docker's panel and the dialog with the same options. Qt and words; decides nothing."""
