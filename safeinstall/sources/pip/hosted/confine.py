"""Shut off every source but the staged index, and let pip speak as if nothing were staged."""

import os

from .addresses import comparable
from .builds import hold_to_commits, isolate_builds

KEPT_VARIABLES = ("PIP_BUILD_TRACKER",)
"""Set by the running pip for itself; it removes them at its end."""


def confine(command, answer, options, finder, session):
    """Shut off every source but the staged index, for this pip and for what it starts."""
    from pip._internal.models.search_scope import SearchScope

    places = finder.search_scope.get_formatted_locations()
    command.trace_basic_info = lambda _finder: None
    if places and not answer.get("nested"):
        import logging

        logging.getLogger("pip._internal.cli.req_command").info(places)
    scope = {"find_links": [], "index_urls": [answer["index"]], "no_index": False}
    finder.search_scope = SearchScope.create(**scope)
    for name in [name for name in os.environ if name.startswith(("PIP_", "_PIP_")) and name not in KEPT_VARIABLES]:
        del os.environ[name]
    os.environ.update(
        PIP_CONFIG_FILE=os.devnull, PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONSAFEPATH="1"
    )
    for name, value in answer["options"].items():
        setattr(options, name, value)
    speak_of_index(answer["index"].rpartition("/")[0], answer["downloaded"])
    isolate_builds(list(answer["isolation"]))
    hold_to_commits(answer["commits"])
    serve_verified(session, answer["files"])


def serve_verified(session, files):
    """Answer what pip asks of the network with the verified files on disk, by their addresses, and nothing else."""
    from pip._internal.utils.urls import path_to_url

    send = session.send
    places = {comparable(as_requested(url)): path_to_url(path) for url, path in files.items()}

    def send_if_planned(request, **kwargs):
        if not request.url.startswith("file:"):
            place = places.get(comparable(as_requested(request.url)))
            if place is None:
                raise RuntimeError("safe-pip: pip asked for %s, which is not in the plan" % request.url)
            request.url = place
        return send(request, **kwargs)

    session.send = send_if_planned


def as_requested(url):
    """Return *url* as it is in a request: quoted again, and without credentials and fragment."""
    from urllib.parse import urlsplit

    from pip._internal.utils.misc import split_auth_from_netloc
    from pip._vendor.requests import PreparedRequest

    request = PreparedRequest()
    request.prepare_url(url, None)
    parts = urlsplit(request.url)
    return parts._replace(netloc=split_auth_from_netloc(parts.netloc)[0], fragment="").geturl()


def speak_of_index(stage, downloaded):
    """Let pip speak of a staged file as of one that it had in its cache, or has *downloaded*, not of where it lies."""
    import logging

    from pip._internal.operations.prepare import RequirementPreparer
    from pip._internal.utils.misc import format_size

    def tell_of_download(record):
        if record.msg == "Using cached %s" and record.args and record.args[0] in downloaded:
            name = record.args[0]
            record.msg, record.args = "Downloading %s (%s)", (name, format_size(downloaded[name]))
        return True

    logging.getLogger("pip._internal.operations.prepare").addFilter(tell_of_download)
    log = getattr(RequirementPreparer, "_log_preparing_link", None)
    if log is None:
        return

    def log_preparing_link(self, req):
        staged = req.link.url.startswith(stage) and getattr(req, "cached_wheel_source_link", req) is None
        if staged:
            req.cached_wheel_source_link = req.link
        log(self, req)
        if staged:
            req.cached_wheel_source_link = None

    RequirementPreparer._log_preparing_link = log_preparing_link
