"""Django's ORM; each thread has a connection of its own, as in a threaded server."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import django
import psycopg2
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction

from crowd import crowd, same

settings.configure(DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
    "USER": os.environ["PGUSER"], "NAME": os.environ["PGDATABASE"], "CONN_MAX_AGE": None}},
    USE_TZ=True, TIME_ZONE="Europe/Berlin", DEFAULT_AUTO_FIELD="django.db.models.AutoField")
django.setup()
print("version: Django", django.get_version(), "with psycopg2", psycopg2.__version__)


class Item(models.Model):
    name = models.TextField()
    amount = models.IntegerField(default=0)

    class Meta:
        app_label = "crud"
        db_table = "items"


def connect():
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("show timezone")
        same(cursor.fetchone(), ("UTC",))
    return connection


def work(_, number, turn):
    item = Item.objects.create(name=f"item {number}", amount=turn)
    same(Item.objects.get(pk=item.pk).amount, turn)
    with transaction.atomic():
        locked = Item.objects.select_for_update().get(pk=item.pk)
        locked.amount += 1
        locked.save()
        try:
            with transaction.atomic():
                Item.objects.create(pk=item.pk, name="again")
        except IntegrityError:
            pass
        Item.objects.filter(pk=item.pk).update(amount=models.F("amount") * 2)
    item.refresh_from_db()
    same(item.amount, (turn + 1) * 2)
    # A server-side cursor, WITH HOLD outside a transaction.
    same(sum(1 for _ in Item.objects.filter(pk=item.pk).iterator()), 1)
    with connection.cursor() as cursor:
        cursor.execute("show timezone")
        same(cursor.fetchone(), ("UTC",))
    same(item.delete()[0], 1)
    same(Item.objects.filter(pk=item.pk).exists() if item.pk else False, False)


crowd(connect, work)
