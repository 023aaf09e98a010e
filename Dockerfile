# Clout in a container: `docker build -t clout .`, then `docker run -it -v clout:/data clout`.
# Settings are the same CLOUT_ variables as everywhere: `docker run -e CLOUT_CONTACT=... --env-file ...`.
# Nothing outside of /data and /tmp is written: `docker run --read-only --tmpfs /tmp ...` works. compose.yaml has it all.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

RUN useradd --uid 10001 --create-home --home-dir /home/clout --shell /usr/sbin/nologin clout \
    && install --directory --owner=clout --group=clout --mode=0700 /data

# a virtual environment would add nothing: the container holds nothing else
WORKDIR /srv/clout
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bots ./bots
COPY core ./core
COPY sandbox ./sandbox
RUN pip install -c constraints.txt .

# everything that must outlive the container is in /data: database, lines typed before, pictures
ENV CLOUT_DATABASE_URL=sqlite:////data/clout.db \
    XDG_STATE_HOME=/data/state \
    XDG_CACHE_HOME=/data/cache
VOLUME /data
WORKDIR /data
USER 10001:10001

# well while /livez answers on CLOUT_PORT; where no web server is asked for there is nothing to check
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-m", "bots.health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["clout"]
CMD ["chat"]
