"""What an author builds: plain classes around a mailing or a template, which define no model."""
