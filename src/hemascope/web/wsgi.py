"""What the web server runs: `gunicorn hemascope.web.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hemascope.web.settings.production")
application = get_wsgi_application()
