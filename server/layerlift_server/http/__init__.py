"""What is asked for over HTTP. Law: judges no secret itself and works on no job; every route is in `routes`."""
