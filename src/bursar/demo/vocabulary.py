"""Words of the demo content: all invented, institutions and people included.

Topics are written as they stand inside a sentence; titles capitalise them.
"""

from __future__ import annotations

from typing import NamedTuple


class SubjectWords(NamedTuple):
    code: str
    name: str
    slug: str
    topics: tuple[str, ...]  # six English ones, then one Spanish, then one French
    skills: tuple[str, ...]
    sentences: tuple[str, ...]


class OwnerWords(NamedTuple):
    key: str
    name: str
    place: str


SUBJECTS: tuple[SubjectWords, ...] = (
    SubjectWords(
        "CS",
        "Computer Science",
        "computer-science",
        (
            "Python programming",
            "algorithms and data structures",
            "operating systems",
            "secure web services",
            "distributed systems",
            "compilers and languages",
            "programación orientada a objetos",
            "réseaux et protocoles",
        ),
        ("Python", "Algorithms", "Software Testing", "API Design", "Debugging", "Linux"),
        (
            "You write small programs from the first hour, and each one grows into the next.",
            "Every exercise is graded by tests that you can read and run yourself.",
            "The final project is a working service with its own documentation.",
        ),
    ),
    SubjectWords(
        "DS",
        "Data Science",
        "data-science",
        (
            "machine learning",
            "data visualisation",
            "SQL and databases",
            "applied statistics",
            "time series forecasting",
            "responsible data practice",
            "análisis de datos con hojas de cálculo",
            "apprentissage statistique",
        ),
        ("Data Analysis", "SQL", "Machine Learning", "Statistics", "Forecasting", "Dashboards"),
        (
            "The data sets are messy on purpose, because the ones at work will be too.",
            "You defend each model with a plain-language note to a manager who has no time.",
            "Notebooks are provided, so that nothing has to be installed before week three.",
        ),
    ),
    SubjectWords(
        "BM",
        "Business & Management",
        "business-management",
        (
            "project management",
            "negotiation",
            "supply chains",
            "leading remote teams",
            "product strategy",
            "change management",
            "gestión de equipos diversos",
            "pilotage de la performance",
        ),
        ("Project Management", "Negotiation", "Leadership", "Planning", "Strategy", "Coaching"),
        (
            "Each week opens with a decision that a real manager would rather postpone.",
            "Role plays in pairs replace the usual long lectures.",
            "You leave with a one-page plan for your own team.",
        ),
    ),
    SubjectWords(
        "EF",
        "Economics & Finance",
        "economics-finance",
        (
            "corporate finance",
            "behavioural economics",
            "financial accounting",
            "climate finance",
            "monetary policy",
            "personal investing",
            "finanzas para no financieros",
            "économie du développement",
        ),
        ("Accounting", "Financial Modelling", "Budgeting", "Risk Analysis", "Valuation", "Audit"),
        (
            "A single fictional company is followed from its first invoice to its sale.",
            "Spreadsheets come with every unit, and their formulas are explained line by line.",
            "Short quizzes separate what sounds true from what the figures say.",
        ),
    ),
    SubjectWords(
        "EN",
        "Engineering",
        "engineering",
        (
            "control systems",
            "renewable energy",
            "structural analysis",
            "robotics",
            "circuit design",
            "materials selection",
            "diseño de puentes ligeros",
            "génie des procédés",
        ),
        ("Systems Thinking", "Simulation", "CAD", "Electronics", "Robotics", "Energy Audits"),
        (
            "Simulations run in the browser and forgive every mistake but impatience.",
            "Each lab ends with a measurement that does not fit, and you find out why.",
            "Safety factors are argued about rather than looked up.",
        ),
    ),
    SubjectWords(
        "BL",
        "Biology & Life Sciences",
        "biology-life-sciences",
        (
            "genetics",
            "plant ecology",
            "microbiome science",
            "marine biology",
            "bioinformatics",
            "neuroscience",
            "biodiversidad de montaña",
            "biologie cellulaire",
        ),
        ("Microscopy", "Field Work", "Genomics", "Ecology", "Lab Safety", "Scientific Writing"),
        (
            "Field notebooks from three continents are the course's main reading.",
            "You plan an experiment, criticise it, and then plan a cheaper one.",
            "Animations show what a textbook drawing must leave out.",
        ),
    ),
    SubjectWords(
        "HM",
        "Health & Medicine",
        "health-medicine",
        (
            "public health",
            "clinical research methods",
            "nutrition",
            "mental health first aid",
            "epidemiology",
            "health informatics",
            "salud comunitaria",
            "santé au travail",
        ),
        ("Epidemiology", "Patient Safety", "Nutrition", "Care Planning", "Ethics", "Triage"),
        (
            "Cases are anonymous composites, written with nurses and general practitioners.",
            "Every claim is traced to its evidence, and the evidence is weighed.",
            "A checklist to keep by the bedside closes each module.",
        ),
    ),
    SubjectWords(
        "SS",
        "Social Sciences",
        "social-sciences",
        (
            "urban sociology",
            "survey design",
            "political institutions",
            "migration studies",
            "social psychology",
            "demography",
            "participación ciudadana",
            "sociologie des organisations",
        ),
        ("Survey Design", "Interviewing", "Policy Analysis", "Research", "Mapping", "Facilitation"),
        (
            "You interview two people who disagree, and report both fairly.",
            "Maps and censuses from an invented city keep the debate concrete.",
            "Weekly discussions are moderated and kept small.",
        ),
    ),
    SubjectWords(
        "HI",
        "History",
        "history",
        (
            "trade routes",
            "printing and society",
            "industrial cities",
            "maritime history",
            "archives and sources",
            "measurement through the ages",
            "historia de los puertos atlánticos",
            "histoire des techniques",
        ),
        (
            "Source Criticism",
            "Archival Research",
            "Storytelling",
            "Timelines",
            "Curation",
            "Essays",
        ),
        (
            "Letters, ledgers and ship's logs are read slowly and in company.",
            "Each unit asks who wrote this, for whom, and what they left out.",
            "You curate a small exhibition of six objects as the final task.",
        ),
    ),
    SubjectWords(
        "LG",
        "Language",
        "language",
        (
            "business English",
            "Japanese writing 漢字",
            "translation",
            "sign language basics",
            "academic writing",
            "intercultural communication",
            "español para el trabajo",
            "français professionnel à l’oral",
        ),
        ("Writing", "Translation", "Public Speaking", "Listening", "Editing", "Vocabulary"),
        (
            "Recordings keep their pauses and hesitations, as conversation does.",
            "You exchange four short messages with a partner and revise each of them.",
            "Pronunciation is practised with a mirror, a phone and some courage.",
        ),
    ),
    SubjectWords(
        "DE",
        "Design",
        "design",
        (
            "user research",
            "typography",
            "service design",
            "accessible interfaces",
            "colour and light",
            "prototyping",
            "diseño inclusivo",
            "design d’expérience",
        ),
        ("Prototyping", "User Research", "Typography", "Accessibility", "Sketching", "Critique"),
        (
            "Paper comes before pixels, and people come before paper.",
            "Critique follows a fixed form, so that it is honest and never unkind.",
            "Your portfolio gains one finished case with its discarded drafts.",
        ),
    ),
    SubjectWords(
        "EV",
        "Environmental Studies",
        "environmental-studies",
        (
            "circular economy",
            "water management",
            "climate adaptation",
            "sustainable cities",
            "carbon accounting",
            "environmental law",
            "gestión del agua en zonas áridas",
            "transition énergétique",
        ),
        (
            "Carbon Accounting",
            "Life-cycle Analysis",
            "Reporting",
            "Mapping",
            "Advocacy",
            "Planning",
        ),
        (
            "A fictional valley with too little water is the case for the whole course.",
            "You compute a footprint twice and explain why the results differ.",
            "Local regulations are compared without declaring a winner.",
        ),
    ),
    SubjectWords(
        "MA",
        "Math",
        "math",
        (
            "linear algebra",
            "probability",
            "discrete mathematics",
            "optimisation",
            "differential equations",
            "mathematical modelling",
            "cálculo paso a paso",
            "géométrie et preuves",
        ),
        ("Linear Algebra", "Probability", "Proof Writing", "Optimisation", "Modelling", "Logic"),
        (
            "Proofs are built from pictures first and symbols second.",
            "Problem sets come in three sizes, and the smallest one is enough to pass.",
            "Wrong answers receive a hint that shows where the reasoning turned.",
        ),
    ),
)

OWNERS: tuple[OwnerWords, ...] = (
    OwnerWords("NorthbridgeX", "Northbridge University", "the harbour town of Northbridge"),
    OwnerWords("QuillmereX", "Quillmere College", "the lakes of Quillmere"),
    OwnerWords("HarrowdaleX", "Harrowdale Institute of Technology", "the Harrowdale valley"),
    OwnerWords("LakemoorX", "Lakemoor Polytechnic", "the old mills of Lakemoor"),
    OwnerWords("ValdemontanaX", "Universidad de Valdemontaña", "la sierra de Valdemontaña"),
    OwnerWords("ClairvallonX", "École supérieure de Clairvallon", "le plateau de Clairvallon"),
    OwnerWords("SilberfurtX", "Technische Schule Silberfurt", "the river port of Silberfurt"),
    OwnerWords("HoshitaniX", "Hoshitani Institute 星谷工芸院", "the star valley of Hoshitani"),
    OwnerWords("PinegateX", "Pinegate State University", "the forests of Pinegate"),
    OwnerWords("SaltreachX", "Saltreach Marine Academy", "the Saltreach coast"),
    OwnerWords("EmbermoorX", "Embermoor University", "the Embermoor hills"),
    OwnerWords("TamarindaX", "Universidade de Tamarinda", "the bay of Tamarinda"),
    OwnerWords("OkorandaX", "Okoranda Open University", "the Okoranda plains"),
    OwnerWords("QuartzlaneX", "Quartzlane Labs", "a workshop on Quartz Lane"),
    OwnerWords("FennbrookX", "Fennbrook Systems Academy", "the Fennbrook technology park"),
    OwnerWords("LanternhillX", "Lanternhill School of Management", "the top of Lantern Hill"),
)

GIVEN_NAMES: tuple[str, ...] = (
    "Ana", "Bram", "Chidi", "Dalia", "Emre", "Freya", "Goran", "Hana", "Ines", "Jonas", "Kaito",
    "Lucía", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Renée", "Samir", "Tove", "Uma",
    "Viktor", "Wanjiru", "Zoë",
)  # fmt: skip
FAMILY_NAMES: tuple[str, ...] = (
    "Almeida", "Brandt", "Castaño", "Duval", "Eriksen", "Fofana", "García", "Hoshino", "Ivanova",
    "Jansen", "Kowalczyk", "Lindqvist", "Mbeki", "Núñez", "Okafor", "Pereira", "Quiroga", "Rossi",
    "Sørensen", "Takeda", "Ueda", "Varga", "Whitlock", "Yıldız", "Zeman",
)  # fmt: skip
