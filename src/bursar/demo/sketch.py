"""What a demo course is about, decided from its index and the seed alone, without a clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from bursar.demo.parts import slugify, stable_uuid
from bursar.demo.phrases import TOPIC_LANGUAGES, Phrases
from bursar.demo.vocabulary import OWNERS, SUBJECTS
from bursar.demo.windows import RunPlan, choose_plan, choose_terms

TOPICS = 8
OPEN_PRICES = (49, 79, 99, 119, 149, 169, 199, 219, 249, 299, 349, 399, 449)
EXECUTIVE_PRICES = (499, 599, 699, 749, 899)
_LOWER_CASE_WORDS = frozenset({"and", "of", "the", "to", "with", "in"})


class CourseType(StrEnum):
    VERIFIED = "verified-audit"
    PROFESSIONAL = "professional"
    EXECUTIVE = "executive-education-2u"


SEAT_TYPES = {
    CourseType.VERIFIED: "verified",
    CourseType.PROFESSIONAL: "professional",
    CourseType.EXECUTIVE: "paid-executive-education",
}


@dataclass(frozen=True, slots=True)
class Texts:
    short: str
    full: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """`subject` and `owner` are positions in the vocabulary; `price` is in whole US dollars."""

    index: int
    key: str
    uuid: str
    title: str
    slug: str
    level: str
    subject: int
    owner: int
    phrases: Phrases
    texts: Texts
    type: CourseType
    price: int
    plan: RunPlan
    run_keys: tuple[str, ...]
    random: Random


def sketch(index: int, seed: int, series: str = "") -> Sketch:
    """`series` sets apart keys that have the same index; its letters precede the number."""
    random = Random(f"{seed}:{series}:{index}" if series else seed * 1_000_003 + index)
    subject, ordinal = index % len(SUBJECTS), index // len(SUBJECTS)
    owner = random.randrange(len(OWNERS))
    phrases = TOPIC_LANGUAGES[ordinal % TOPICS]
    topic = SUBJECTS[subject].topics[ordinal % TOPICS]
    title, level = _title(ordinal, subject, topic, phrases)
    code = f"{SUBJECTS[subject].code}{series}{100 + index}x"
    key = f"{OWNERS[owner].key}+{code}"
    plan = choose_plan(random)
    course_type = _course_type(random)
    return Sketch(
        index=index,
        key=key,
        uuid=stable_uuid(f"course:{key}"),
        title=title,
        slug=f"{slugify(title)}-{code.lower()}",
        level=level,
        subject=subject,
        owner=owner,
        phrases=phrases,
        texts=_texts(subject, owner, topic, phrases, random),
        type=course_type,
        price=random.choice(
            EXECUTIVE_PRICES if course_type is CourseType.EXECUTIVE else OPEN_PRICES
        ),
        plan=plan,
        run_keys=tuple(f"course-v1:{key}+{term}" for term in choose_terms(plan, random)),
        random=random,
    )


def _title(ordinal: int, subject: int, topic: str, phrases: Phrases) -> tuple[str, str]:
    """Unique within a subject until every topic, pattern and sequel has been combined."""
    position, rounds = ordinal % TOPICS, ordinal // TOPICS
    patterns, sequels = phrases.patterns, phrases.sequels
    pattern, level = patterns[(rounds + position + subject) % len(patterns)]
    sequel = sequels[rounds // len(patterns) % len(sequels)]
    return pattern.format(topic=_capitalise(topic, phrases)) + sequel, level


def _capitalise(topic: str, phrases: Phrases) -> str:
    if phrases.facet != "English":
        return topic[0].upper() + topic[1:]
    words = topic.split(" ")
    return " ".join(w if w in _LOWER_CASE_WORDS else w[0].upper() + w[1:] for w in words)


def _course_type(random: Random) -> CourseType:
    chance = random.random()
    if chance < 0.12:
        return CourseType.EXECUTIVE
    return CourseType.PROFESSIONAL if chance < 0.22 else CourseType.VERIFIED


def _texts(subject: int, owner: int, topic: str, phrases: Phrases, random: Random) -> Texts:
    words = SUBJECTS[subject]
    names = {
        "topic": topic,
        "place": OWNERS[owner].place,
        "school": OWNERS[owner].name,
        "skill": random.choice(words.skills),
    }
    bodies = random.sample(phrases.bodies, 3)
    if phrases.facet == "English":
        bodies[1] = random.choice(words.sentences)
    closer = random.choice(phrases.closers)
    opener = random.choice(phrases.openers)
    outcomes = "".join(f"<li>{line}</li>" for line in random.sample(phrases.outcomes, 2))
    full = f"<p>{bodies[0]} {bodies[1]}</p><p>{bodies[2]} {closer}</p>"
    return Texts(
        short=f"<p>{opener}</p>".format(**names),
        full=full.format(**names),
        outcome=f"<ul>{outcomes}</ul>".format(**names),
    )
