"""Let pip come to the answer that it comes to by itself, also where that contradicts itself."""


def loosen(resolver, answer):
    """Pass over what the plan contradicts of the requirements on the projects that are ``loose`` by *answer*.

    pip's search can forget what a version required that it has unpinned and then takes after all. Over the stage, where
    each project has one version, it would remember. What is installed then is told by pip's own check at its end.
    """
    factory, loose = getattr(resolver, "factory", None), set(answer.get("loose", ()))
    if not loose or factory is None:
        return
    pins = dict(pin.split("==", 1) for pin in answer["pins"])
    for name in ("make_requirements_from_spec", "make_requirement_from_spec"):  # pip 23.3 and later, and before
        if hasattr(factory, name):
            setattr(factory, name, _loosened(getattr(factory, name), loose, pins))


def _loosened(make, loose, pins):
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.packaging.specifiers import SpecifierSet
    from pip._vendor.packaging.utils import canonicalize_name

    def make_loosened(text, *args, **kwargs):
        wanted = Requirement(text)
        name = str(canonicalize_name(wanted.name))
        if name in loose and name in pins and not wanted.specifier.contains(pins[name], prereleases=True):
            wanted.specifier = SpecifierSet()
            text = str(wanted)
        return make(text, *args, **kwargs)

    return make_loosened
