"""Making sentences by a grammar in pairs: one of each label, as similar as the grammar allows.

Words alone must not give the label away, or a network would learn words. So a pair shares its template and
its neutral words wherever a template suits both labels, and in a contrast all words except the negation.
"""

from itertools import count

from reviews import Review
from training.data.sentences.grammar import (
    LABELS,
    PLAIN,
    Form,
    Grammar,
    Kind,
    Label,
    Template,
    Words,
    load_grammar,
    sides,
)
from training.data.templates import choose, fill
from training.errors import InvalidSentences

__all__ = ["make_sentences"]

Purpose = tuple[str, ...]

_MAX_MISSES = 2_000
# What comes with a sentence; half of them come alone.
_SETTINGS = (("text",),) * 6 + (
    ("neutral", "text"),
    ("text", "neutral"),
    ("opinion", "text"),
    ("text", "opinion"),
    ("neutral", "text", "opinion"),
)


def make_sentences(num: int, *, seed: int, grammar: Grammar | None = None) -> tuple[Review, ...]:
    """Return `num` different labelled texts of one to four sentences, half of them of each label.

    The same seed gives the same texts on every machine, and a larger number begins with the texts of a
    smaller one. Raises InvalidSentences when the grammar makes fewer.
    """
    grammar = grammar or load_grammar()
    found: dict[str, Label] = {}
    misses = 0
    for number in count():
        if len(found) >= num:
            break
        pair = _pair(grammar, (str(seed), str(number)))
        if len(pair) < len(LABELS) or pair.keys() & found.keys():
            misses += 1
            if misses == _MAX_MISSES:
                raise InvalidSentences(f"the grammar makes only {len(found)} of {num} sentences")
            continue
        found |= pair
        misses = 0
    labelled = list(found.items())[:num]
    return tuple(
        Review(f"sentence-{number}", text, label, None)
        for number, (text, label) in enumerate(labelled, start=1)
    )


def _pair(grammar: Grammar, purpose: Purpose) -> dict[str, Label]:
    """Return a text of each label, or one text where both would be the same."""
    kind = choose(grammar.turns, *purpose, "kind")
    setting = choose(_SETTINGS, *purpose, "setting")
    pair: dict[str, Label] = {}
    for label in LABELS:
        template = _template(kind, label, purpose)
        form = choose(template.forms, *purpose, "form")
        domain = choose(form.domains, *purpose, "domain")
        parts = _additions(grammar, domain, label, purpose)
        parts["text"] = _filled(template, form, grammar.domains[domain], label, purpose)
        pair[" ".join(parts[part] for part in setting)] = label
    return pair


def _template(kind: Kind, label: Label, purpose: Purpose) -> Template:
    """Return a template: the same one for both labels, or one of this label's own."""
    num_own = max(map(len, kind.own.values()))
    return choose((*kind.shared, *[None] * num_own), *purpose, "template") or choose(
        kind.own[label], *purpose, "own template"
    )


def _filled(template: Template, form: Form, words: Words, label: Label, purpose: Purpose) -> str:
    text = form.text
    if template.contrast:
        of_words = choose(LABELS, *purpose, "polarity")
        other_side, own_side = sides(text)
        text, label = (own_side if label == of_words else other_side), of_words
    values: dict[str, str] = {}
    for slot in form.slots:
        free = [word for word in words.of(slot, label) if word not in values.values()]
        values[slot] = choose(free, *purpose, slot)
    filled = fill(text, values)
    return filled[0].upper() + filled[1:]


def _additions(grammar: Grammar, domain: str, label: Label, purpose: Purpose) -> dict[str, str]:
    """Return the sentences that a setting may add to a text, by their names in it."""
    return {
        "neutral": choose(grammar.neutral_sentences, *purpose, "neutral"),
        "opinion": _opinion(grammar, domain, label, (*purpose, "opinion")),
    }


def _opinion(grammar: Grammar, domain: str, label: Label, purpose: Purpose) -> str:
    """Return a plain sentence of this domain and label."""
    [plain] = [kind for kind in grammar.kinds if kind.name == PLAIN]
    template = choose(
        [it for it in plain.templates(label) if all(domain in form.domains for form in it.forms)],
        *purpose,
        "template",
    )
    form = choose(template.forms, *purpose, "form")
    return _filled(template, form, grammar.domains[domain], label, purpose)
