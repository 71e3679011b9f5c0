"""Searching with the site's own search, and sending forms that only ask."""

from collections.abc import Sequence

from tasks.executing.protocol import BlockKind, Completed, Form, FormField, Item, PageView, Question
from tasks.executing.rules.asking import NeedsInput, NoAnswer, chosen
from tasks.executing.rules.gathering import path_fit
from tasks.executing.rules.ranking import coverage, covers
from tasks.executing.rules.run import Run, cite, completed
from tasks.executing.rules.saying import say
from tasks.executing.rules.words import fold, stem, stems, subject_of

_SEARCH_LEADS = tuple(stems("search suche"))
_FORM_LEADS = tuple(stems("form formular request anfrage finder rechner"))
_SECRET = ("password", "file")
_UNASKED = ("hidden", "checkbox")
_SURE = 0.85
_MAX_RESULTS = 10
_FAIR = 0.5


async def answer_search(run: Run) -> Completed | None:
    """What the site's search finds. Without a search form, the pages whose link or address names the
    words."""
    words = run.intent.phrase
    if not words:
        words = run.answers.value("search_words") or ""
    if not words:
        question = say("no_words", run.language)
        raise NeedsInput(question, (Question(key="search_words", query=question),))
    form = await _search_form(run)
    if form is None:
        return await _search_by_names(run, words)
    await run.survey.say("searching", words=words)
    field = next(field for field in form.fields if field.kind in ("search", "text"))
    page = await run.survey.submit(form, {field.name: words})
    results = _results(page, subject_of(words))
    if not results:
        raise NoAnswer("no_results", say("no_results", run.language, words=words))
    return _listed(run, words, results, page)


async def _search_form(run: Run) -> Form | None:
    for page in [run.survey.start]:
        for form in page.forms:
            if _is_usable(form):
                return form
    url = run.survey.best_link(_SEARCH_LEADS, at_least=0.4)
    page_found = await run.survey.read(url) if url else None
    return next((form for form in page_found.forms if _is_usable(form)), None) if page_found else None


def _is_usable(form: Form) -> bool:
    return (
        form.is_search
        and form.method == "get"
        and any(field.kind in ("search", "text") for field in form.fields)
    )


def _results(page: PageView, terms: tuple[str, ...]) -> list[Item]:
    """The list on the result page that speaks most of the words; a site may search with others, too."""
    groups: dict[int, list[Item]] = {}
    for item in page.items:
        if item.in_main and item.url:
            groups.setdefault(item.group, []).append(item)

    def said(items: Sequence[Item]) -> float:
        return sum(coverage(terms, item.text) for item in items)

    if groups:
        return max(groups.values(), key=lambda items: (said(items), len(items)))[:_MAX_RESULTS]
    return [
        Item(title=link.text, url=link.url, text=link.text)
        for link in page.links
        if link.in_main and link.url.startswith("http") and coverage(terms, link.text) >= _FAIR
    ][:_MAX_RESULTS]


async def _search_by_names(run: Run, words: str) -> Completed | None:
    terms = subject_of(words)
    found: list[Item] = []
    for link in run.survey.start.links:
        if link.url.startswith("http") and covers(terms, link.text):
            found.append(Item(title=link.text, url=link.url, text=link.text))
    async for feed in run.survey.feeds():
        for item in feed.items:
            if item.url and covers(terms, f"{item.title} {item.summary}"):
                found.append(item)
    pages = list(run.survey.pages.values())
    for url in await run.survey.sitemap():
        if path_fit(terms, url) >= _SURE and url not in {item.url for item in found}:
            read = await run.survey.read(url)
            if read is not None:
                pages.append(read)
                found.append(Item(title=read.title, url=url, text=read.title))
    if not found:
        return None
    unique = list({item.url: item for item in found}.values())[:_MAX_RESULTS]
    home = next((page for page in pages if any(unique[0].title in text for text in _texts(page))), pages[0])
    return _listed(run, words, unique, home, cite_all=False)


def _texts(page: PageView) -> list[str]:
    return [page.title, *(link.text for link in page.links), *(item.title for item in page.items)]


def _listed(
    run: Run, words: str, items: Sequence[Item], page: PageView, *, cite_all: bool = True
) -> Completed:
    lines = [f"- {item.title}: {item.url}" for item in items]
    text = "\n".join([say("results", run.language, words=words), *lines])
    rows = [{"title": item.title, "url": item.url, "text": item.summary} for item in items]
    quotes = [item.text or item.title for item in items] if cite_all else [items[0].title]
    return completed(text, [cite(page, quote) for quote in quotes], page, [{"type": "list", "items": rows}])


async def answer_form(run: Run) -> Completed | None:
    """The answer to the form, filled with the values of the wish and of later answers.

    Raises: NeedsInput for required values that are missing; NoAnswer, `form_refused` for a form that is sent
    by another method than GET or asks for a secret.
    """
    form = await _form_meant(run)
    if form is None:
        raise NoAnswer("form_not_found", say("no_form", run.language))
    if form.method != "get":
        name = form.label or form.action
        raise NoAnswer(
            "form_refused", say("form_refused", run.language, name=name, method=form.method.upper())
        )
    if any(field.kind in _SECRET for field in form.fields):
        raise NoAnswer("form_refused", say("form_secret", run.language))
    values = _filled(run, form)
    known = [seen for seen in run.survey.pages.values() if form in seen.forms]
    page = await run.survey.submit(form, values)
    before = frozenset(block.text for seen in known for block in seen.blocks)
    return _result(page, form, before)


async def _form_meant(run: Run) -> Form | None:
    names = [name for name, _ in run.intent.pairs]
    async for page in run.survey.explore(run.subject() or run.intent.asked, leads=_FORM_LEADS, wide=False):
        forms = [form for form in page.forms if not form.is_search or _fits(form, names, run.subject())]
        fitting = [form for form in forms if _fits(form, names, run.subject())]
        if len(fitting) > 1:
            options = [(form.label or form.action, form) for form in fitting]
            return run.answers.choose("which_form", say("which_form", run.language), options)
        if fitting:
            return fitting[0]
        if len(forms) == 1 and not names and not run.subject():
            return forms[0]
    return None


def _fits(form: Form, names: Sequence[str], subject: tuple[str, ...]) -> bool:
    """Whether the form has all named fields, or else is named as the wish says."""
    if names:
        return all(_field_named(form, name) is not None for name in names)
    about = " ".join([form.label, form.action.rpartition("/")[2], *(field.label for field in form.fields)])
    return bool(subject) and coverage(subject, about) >= _FAIR


def _field_named(form: Form, name: str) -> FormField | None:
    """The field of that name or label; the whole of it, else all of the given words."""
    wanted = fold(name).strip()
    for field in form.fields:
        if wanted in (fold(field.name), fold(field.label).strip(" :*")):
            return field
    terms = subject_of(name) or (stem(wanted),)
    near = [
        field
        for field in form.fields
        if field.kind != "hidden" and covers(terms, f"{field.label} {field.name}")
    ]
    return near[0] if len(near) == 1 else None


def _filled(run: Run, form: Form) -> dict[str, str]:
    values: dict[str, str] = {}
    questions: list[Question] = []
    given = {
        field.name: value
        for name, value in run.intent.pairs
        if (field := _field_named(form, name)) is not None
    }
    for field in form.fields:
        said = given.get(field.name)
        if said is None and field.required and not field.value and field.kind not in _UNASKED:
            said = run.answers.value(field.name)
        if said is None:
            if field.required and not field.value and field.kind not in _UNASKED:
                questions.append(_question(field))
            continue
        value = _value(field, said)
        if value is None:
            value = _value(field, run.answers.value(field.name) or "")
        if value is None:
            questions.append(_question(field))
        else:
            values[field.name] = value
    if questions:
        raise NeedsInput(say("missing_values", run.language), tuple(questions))
    return values


def _question(field: FormField) -> Question:
    labels = tuple(label or value for value, label in field.options)
    return Question(key=field.name, query=field.label or field.name, choices=labels, required=field.required)


def _value(field: FormField, said: str) -> str | None:
    """What is sent for `said`: of a choice its value; None when there is no such choice."""
    if not field.options:
        return said or None
    by_value = [value for value, _ in field.options if fold(value) == fold(said)]
    if by_value:
        return by_value[0]
    at = chosen(said, [label or value for value, label in field.options]) if said else None
    return None if at is None else field.options[at][0]


def _result(page: PageView, form: Form, before: frozenset[str]) -> Completed | None:
    """What the page says after the form was sent, and did not say before."""
    labels = {field.label for field in form.fields} | {
        label for field in form.fields for _, label in field.options
    }
    texts = [block for block in page.blocks if block.in_main and block.kind is not BlockKind.HEADING]
    said = [block for block in texts if block.text not in labels and block.text not in before][:12]
    if not said:
        return None
    text = "\n".join(block.text for block in said)
    block = {"type": "text", "text": text, "url": page.url}
    return completed(text, [cite(page, found.text) for found in said], page, [block])
