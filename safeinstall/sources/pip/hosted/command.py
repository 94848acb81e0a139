"""Replace the two steps of a command between which pip looks for files."""

from .addresses import ByAddress
from .builds import check_built, judge_build_requirements
from .channel import hear_stops, leave, refuse
from .confine import confine
from .describe import describe, find_credentials
from .installing.journal import complete_at_end, journal_installation
from .installing.ready_code import take_ready_code
from .installing.removals import check_removals
from .locks import let_go_of_locks, listen_to_locks, read_lock, take_locks, write_lock_with_addresses
from .loose import loosen

REWRITTEN = []
"""Lock files that are to be rewritten when pip has ended: path, and addresses."""


def judged_requirements(answer, requirements):
    """Return what pip shall install: the user's own requirements, and our pins instead of the user's constraints."""
    from pip._internal.req.constructors import install_req_from_line

    pins = [install_req_from_line(pin, constraint=True, user_supplied=False) for pin in answer["pins"]]
    roots = [ireq for ireq in requirements if not ireq.constraint]
    # A constraint with an address makes pip take that file as a direct reference, and record it as one.
    direct, digests = ByAddress(dict.fromkeys(answer.get("direct", ()), True)), ByAddress(answer["digests"])
    links = [ireq for ireq in requirements if ireq.constraint and direct.get(ireq.link)]
    for ireq in links + roots:
        digest = digests.get(ireq.link)
        ireq.hash_options = {"sha256": [digest]} if digest else {}
    return pins + [ireq for ireq in links if ireq.match_markers()] + roots


def hold_to_plan(resolver, planned):
    """Stop pip before it installs anything, should it not be able to do what was planned, or be about to do another."""
    from pip._vendor.packaging.utils import canonicalize_name

    resolve = resolver.resolve

    def resolve_and_compare(*args, **kwargs):
        found = resolve(*args, **kwargs)
        names = {str(canonicalize_name(name)) for name in found.requirements}
        if names != planned:
            refuse("this pip would install other projects than were judged: %s" % ", ".join(sorted(names ^ planned)))
        check_removals(found)
        return found

    resolver.resolve = resolve_and_compare


def fail_if_told_to(command, finder, said):
    """End as pip does when it finds nothing that fits: with what is *said*, by level, the last of it as the error."""
    if not said:
        return
    import logging

    from pip._internal.exceptions import InstallationError

    hear_stops()
    command.trace_basic_info(finder)
    for level, text in said[:-1]:
        logging.getLogger("pip._internal.resolution.resolvelib.factory").log(
            getattr(logging, level.upper()), "%s", text
        )
    raise InstallationError(said[-1][1])


def guard(command, channel, inputs):
    """Replace the two steps of *command* between which pip looks for files."""
    read, make_resolver, approved = command.get_requirements, command.make_resolver, []

    def get_requirements(args, options, finder, session):
        locks = take_locks(options)
        locked = listen_to_locks()
        only_locks = locks and not (args or options.editables or options.requirements)
        requirements = [] if only_locks else read(args, options, finder, session)
        for path in locks:
            more, files = read_lock(path, channel, finder)
            requirements += more
            locked.update(files)
        try:
            description = describe(command, args, options, finder, session, requirements)
            description["locked"] = locked
            description["inputs"] = inputs and inputs.described()
        except Exception as error:
            refuse("this pip cannot be read (%s: %s)" % (type(error).__name__, error))
        answer = channel.ask(description)
        while answer and "credentials" in answer:
            answer = channel.ask({"credentials": find_credentials(session, answer["credentials"])})
        if not answer:
            leave()
        fail_if_told_to(command, finder, answer.get("failed"))
        approved.append(answer)
        hear_stops()
        judge_build_requirements(channel)
        confine(command, answer, options, finder, session)
        let_go_of_locks(finder, requirements)
        take_ready_code(channel, answer)
        journal_installation(command, answer.get("journal"))
        check_built(channel, answer.get("checked"))
        if command.name == "lock":
            REWRITTEN.extend(write_lock_with_addresses(options, answer["addresses"]))
        return judged_requirements(answer, requirements)

    def make_judged_resolver(*args, **kwargs):
        # Should some pip ever resolve without asking get_requirements first, it must not get further than this.
        if not approved:
            refuse("this pip resolves before its requirements were judged")
        resolver = make_resolver(*args, **kwargs)
        loosen(resolver, approved[0])
        if "planned" in approved[0]:
            hold_to_plan(resolver, set(approved[0]["planned"]))
        return resolver

    complete_at_end(command)
    command.get_requirements = get_requirements
    command.make_resolver = make_judged_resolver
    return command
