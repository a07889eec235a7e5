"""How many rows of each stream arrive a day, kept by tenant, and whether a day is like that tenant's earlier ones."""

import psycopg

from pipelines.quality.rules import Rule, Suite

KEPT_DAYS = 400


def record_volumes(connection: psycopg.Connection) -> None:
    """Add up what pulls changed since the last day that was recorded; the journal of pulls forgets sooner."""
    connection.execute(
        "insert into ops.volume_daily (tenant_id, vendor, stream, volume_date, changed_count) "
        "select tenant_id, vendor, stream, (started_at at time zone 'UTC')::date, sum(rows_changed) "
        "from ops.sync_stream_run "
        "where started_at >= coalesce((select max(volume_date) - 1 from ops.volume_daily), '-infinity') "
        "group by 1, 2, 3, 4 "
        "on conflict (tenant_id, vendor, stream, volume_date) do update set changed_count = excluded.changed_count"
    )
    connection.execute("delete from ops.volume_daily where volume_date < current_date - %s", (KEPT_DAYS,))


# A day beside the days of its kind (working day or weekend) in the eight weeks before it. Bounds are the median and
# five robust standard deviations, at least three quarters of the median and at least 20 rows; a stream known for less
# than two weeks is not judged, nor is its first day, which holds everything there was.
_VOLUMES = """
    with streams as (
        select tenant_id, vendor, stream, min(volume_date) as first_date
        from ops.volume_daily
        group by tenant_id, vendor, stream
        having min(volume_date) <= current_date - 15
    ),

    days as (
        select
            streams.tenant_id, streams.vendor, streams.stream, day::date as volume_date,
            coalesce(volume.changed_count, 0)::double precision as changed_count
        from streams
        cross join lateral generate_series(
            greatest(streams.first_date + 1, current_date - 57), current_date - 1, interval '1 day'
        ) as day
        left join ops.volume_daily as volume
            on
                volume.tenant_id = streams.tenant_id
                and volume.vendor = streams.vendor
                and volume.stream = streams.stream
                and volume.volume_date = day::date
        where (extract(isodow from day) >= 6) = (extract(isodow from current_date - 1) >= 6)
    ),

    middles as (
        select tenant_id, vendor, stream, percentile_cont(0.5) within group (order by changed_count) as middle
        from days
        where volume_date < current_date - 1
        group by tenant_id, vendor, stream
        having count(*) >= 4
    ),

    bounds as (
        select
            middles.tenant_id, middles.vendor, middles.stream, middles.middle,
            greatest(
                5 * 1.4826 * percentile_cont(0.5) within group (order by abs(days.changed_count - middles.middle)),
                0.75 * middles.middle,
                20
            ) as allowed
        from middles
        inner join days
            on
                days.tenant_id = middles.tenant_id
                and days.vendor = middles.vendor
                and days.stream = middles.stream
                and days.volume_date < current_date - 1
        group by middles.tenant_id, middles.vendor, middles.stream, middles.middle
    )

    select
        bounds.tenant_id, bounds.vendor, bounds.stream, days.volume_date, days.changed_count,
        greatest(0, bounds.middle - bounds.allowed) as usual_from, bounds.middle + bounds.allowed as usual_to
    from bounds
    inner join days
        on
            days.tenant_id = bounds.tenant_id
            and days.vendor = bounds.vendor
            and days.stream = bounds.stream
            and days.volume_date = current_date - 1
"""
_UNUSUAL = "changed_count not between usual_from and usual_to"

SUITE = Suite(
    "volumes_are_usual",
    "raw",
    f"""
    select
        tenant_id,
        count(*) filter (where {_UNUSUAL}) as volumes_are_usual,
        count(*) filter (where {_UNUSUAL}) || ' of ' || count(*) || ' streams' as volumes_are_usual_told
    from ({_VOLUMES}) as judged
    group by tenant_id
    """,  # noqa: S608  # our own text
    (
        Rule(
            "volumes_are_usual",
            ("dim_tenant",),
            "Yesterday's pulls changed about as many rows of each stream as on that tenant's earlier days.",
            "volume",
            severity="warn",
            rows=f"select * from ({_VOLUMES}) as judged where {_UNUSUAL}",  # noqa: S608
        ),
    ),
)
