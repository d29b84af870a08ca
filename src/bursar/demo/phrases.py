"""Titles and sentences of the demo content, language by language: all invented.

`{topic}`, `{skill}`, `{place}` and `{school}` come from the vocabulary; skill names stay English.
"""

from __future__ import annotations

from typing import NamedTuple


class Phrases(NamedTuple):
    """What courses of one language are composed of; `patterns` pair a title with its level."""

    content_language: str
    facet: str
    patterns: tuple[tuple[str, str], ...]
    sequels: tuple[str, ...]
    openers: tuple[str, ...]
    bodies: tuple[str, ...]
    closers: tuple[str, ...]
    outcomes: tuple[str, ...]


ENGLISH = Phrases(
    "en-us",
    "English",
    (("Introduction to {topic}", "Introductory"), ("{topic} in Practice", "Intermediate"),
     ("Foundations of {topic}", "Introductory"), ("Advanced {topic}", "Advanced"),
     ("{topic}: From Theory to Decisions", "Intermediate"), ("Exploring {topic}", "Introductory")),
    ("", ": Case Studies", ": A Project Course", ": Tools and Methods", ": A Short Course",
     ": Field Notes", ": The Next Step", ": Masterclass"),
    ("Learn {topic} step by step, with examples from {place}.",
     "A practical first encounter with {topic} for people who work.",
     "See how {topic} is done today, and try it yourself.",
     "Build confidence in {topic} in a few hours a week. 🚀"),
    ("This course on {topic} was prepared by a small team that teaches it every term.",
     "Short videos, readings and one larger task alternate, so that no week is like another.",
     "You will practise {skill} until it feels ordinary, and then use it on a case of your own.",
     "No earlier course is required, although some patience with {topic} certainly helps.",
     "Learners who finish tell us that {skill} was the part they used first at work.",
     "Questions are answered in the forum within two working days."),
    ("A certificate is issued to everyone who completes the final task.",
     "The glossary covers English, español and 日本語 (漢字 with readings). 🌍",
     "Captions and transcripts are available for every video."),
    ("Explain the main ideas of {topic} to a colleague", "Apply {skill} to a problem of your own",
     "Recognise the limits of common methods in {topic}", "Plan a small project around {skill}"),
)  # fmt: skip
SPANISH = Phrases(
    "es-419",
    "Spanish",
    (("{topic}: introducción", "Introductory"), ("{topic} en la práctica", "Intermediate"),
     ("{topic}: fundamentos", "Introductory"), ("{topic}: nivel avanzado", "Advanced"),
     ("{topic}: casos reales", "Intermediate"), ("{topic}: primeros pasos", "Introductory")),
    ("", " (segunda parte)", " (taller)", " (métodos)", " (curso breve)", " (cuaderno)",
     " (continuación)", " (clase magistral)"),
    ("Aprende «{topic}» paso a paso, con ejemplos de {school}.",
     "Un primer encuentro práctico con «{topic}» para quienes trabajan."),
    ("El curso «{topic}» lo prepara un equipo pequeño que lo enseña cada año.",
     "Se alternan vídeos cortos, lecturas y una tarea más larga; ninguna semana es igual a otra.",
     "No se exige ningún curso previo: basta con curiosidad y unas horas por semana.",
     "Practicarás con datos inventados, pero con los problemas de siempre. ¡Ánimo!",
     "Cada unidad termina con una pregunta que no tiene una sola respuesta.",
     "Las dudas se contestan en el foro en un plazo de dos días."),
    ("Quien completa la tarea final recibe un certificado.",
     "Todos los vídeos tienen subtítulos en español, inglés y francés."),
    ("Explicar las ideas principales de «{topic}» a un compañero",
     "Aplicar lo aprendido a un problema propio", "Planificar un proyecto pequeño"),
)  # fmt: skip
FRENCH = Phrases(
    "fr-fr",
    "French",
    (("{topic} : introduction", "Introductory"), ("{topic} en pratique", "Intermediate"),
     ("{topic} : les fondements", "Introductory"), ("{topic} : niveau avancé", "Advanced"),
     ("{topic} : études de cas", "Intermediate"), ("{topic} : premiers pas", "Introductory")),
    ("", " (suite)", " (atelier)", " (méthodes)", " (cours bref)", " (carnet)",
     " (approfondissement)", " (classe de maître)"),
    ("Découvrez « {topic} » pas à pas, avec des exemples de {school}.",
     "Une première rencontre concrète avec « {topic} », pour celles et ceux qui travaillent."),
    ("Le cours « {topic} » est préparé par une petite équipe qui l’enseigne chaque année.",
     "Vidéos brèves, lectures et travail plus long alternent : aucune semaine ne se ressemble.",
     "Aucun prérequis n’est exigé, un peu de curiosité suffit.",
     "Vous vous exercez sur des données inventées, mais sur de vrais problèmes.",
     "Chaque unité s’achève sur une question qui admet plusieurs réponses.",
     "Les questions reçoivent une réponse sur le forum en deux jours."),
    ("Une attestation est remise à toute personne qui termine le travail final.",
     "Toutes les vidéos sont sous-titrées en français, en anglais et en espagnol."),
    ("Présenter les idées essentielles de « {topic} » à un collègue",
     "Appliquer une méthode à un problème personnel", "Préparer un petit projet"),
)  # fmt: skip

TOPIC_LANGUAGES: tuple[Phrases, ...] = (*(ENGLISH,) * 6, SPANISH, FRENCH)
