import pytest
from addon.tools.person_name import NOBODY, UNSURE, read_contact, read_name
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "first", "surname"),
    [
        ("Anna Smith", "Anna", "Smith"),
        ("  Anna\u00a0 Smith\u200b ", "Anna", "Smith"),
        ("Xenia Quux", "Xenia", "Quux"),
        ("Jean-Pierre Dupont", "Jean-Pierre", "Dupont"),
        ("Sean O'Brien", "Sean", "O'Brien"),
        ("Uładzimir Karatkievič", "Uładzimir", "Karatkievič"),
        # Titles and degrees.
        ("Dr. Anna Smith", "Anna", "Smith"),
        ("Dr.Anna Smith", "Anna", "Smith"),
        ("Mr John Smith Jr.", "John", "Smith"),
        ("Frau Prof. Dr. Angela Merkel", "Angela", "Merkel"),
        ("Dipl.-Ing. Karl Huber, MBA", "Karl", "Huber"),
        ("Sra. Dña. María García", "María", "García"),
        ("M. Jean Dupont", "Jean", "Dupont"),
        ("mgr inż. Katarzyna Wiśniewska", "Katarzyna", "Wiśniewska"),
        ("Don José García", "José", "García"),
        ("Don Johnson", "Don", "Johnson"),
        ("г-жа Анна Иванова", "Анна", "Иванова"),
        # The surname alone.
        ("Frau Müller", "", "Müller"),
        ("Herr Dr. Müller", "", "Müller"),
        ("г-н Иванов", "", "Иванов"),
        # The surname first.
        ("Smith, Anna", "Anna", "Smith"),
        ("Smith, Anna, PhD", "Anna", "Smith"),
        ("Müller, Dr. Hans", "Hans", "Müller"),
        ("García López, María José", "María José", "García López"),
        ("Trapp, Maria von", "Maria", "von Trapp"),
        ("DUPONT Jean", "Jean", "Dupont"),
        ("Charles de GAULLE", "Charles", "de Gaulle"),
        ("Kowalski Jan", "Jan", "Kowalski"),
        ("Иванова Анна", "Анна", "Иванова"),
        # Two surnames, two first names, particles.
        ("María José García López", "María José", "García López"),
        ("José García López", "José", "García López"),
        ("García López María José", "María José", "García López"),
        ("María del Carmen Ruiz Díaz", "María del Carmen", "Ruiz Díaz"),
        ("María de los Ángeles Pérez", "María de los Ángeles", "Pérez"),
        ("Juan Carlos de la Torre", "Juan Carlos", "de la Torre"),
        ("José Ortega y Gasset", "José", "Ortega y Gasset"),
        ("Hans Peter Müller", "Hans Peter", "Müller"),
        ("Mary Ann Evans", "Mary Ann", "Evans"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Alexander von Humboldt", "Alexander", "von Humboldt"),
        ("John F. Kennedy", "John", "Kennedy"),
        ("John Fitzgerald Kennedy", "John", ""),
        ('Robert "Bob" Smith (Acme)', "Robert", "Smith"),
        # Patronymics.
        ("Иванов Иван Петрович", "Иван", "Иванов"),
        ("Иван Петрович Иванов", "Иван", "Иванов"),
        ("Роман Аркадьевич Абрамович", "Роман", "Абрамович"),
        ("Шостакович Дмитрий Дмитриевич", "Дмитрий", "Шостакович"),
        ("Роман Абрамович", "Роман", "Абрамович"),
        ("Петренко Олена Іванівна", "Олена", "Петренко"),
        ("Шевченко Тарас Григорович", "Тарас", "Шевченко"),
        ("ИП Иванов Иван Иванович", "Иван", "Иванов"),
        ("Ivan Ivanovich Petrov", "Ivan", "Petrov"),
        ("Petrova Anna Sergeevna", "Anna", "Petrova"),
        # One case.
        ("ANNA SMITH", "Anna", "Smith"),
        ("anna-lena o'brien", "Anna-Lena", "O'Brien"),
        ("JUAN PÉREZ DE LA CRUZ", "Juan", "Pérez de la Cruz"),
        ("МАР'ЯНА КОВАЛЬЧУК", "Мар'яна", "Ковальчук"),
        ("anna Smith", "Anna", "Smith"),
        ("Mª José García López", "María José", "García López"),
        ("Fco. Javier López", "Francisco Javier", "López"),
        ("Иван Петрович К.", "Иван", ""),
        # One word.
        ("Anna", "Anna", ""),
    ],
)
def test_the_parts_of_a_name(name, first, surname):
    assert read_name(name)[:2] == (first, surname)


@pytest.mark.parametrize(
    ("name", "formal"),
    [
        ("Иванов Иван Петрович", "Иван Петрович"),
        ("Иван Петрович", "Иван Петрович"),
        ("Кузнецов Илья Ильич", "Илья Ильич"),
        ("Сидорова Мария Никитична", "Мария Никитична"),
        ("Сергій Миколайович", "Сергій Миколайович"),
        ("Олена Ігорівна Петренко", "Олена Ігорівна"),
        ("Алиев Ильхам Гейдар оглы", "Ильхам Гейдар оглы"),
        ("Иванов, Иван Петрович", "Иван Петрович"),
        ("Анна Иванова", "Анна"),
        ("Anna Smith", "Anna"),
        ("Абрамович", ""),
    ],
)
def test_name_and_patronymic(name, formal):
    assert read_name(name).formal == formal


@pytest.mark.parametrize(
    "name",
    [
        "Google",
        "Martin",
        "J. Smith",
        "J.R.R. Tolkien",
        "JP Smith",
        "Smith J.",
        "Иванов И.И.",
        "Anna & Peter",
        "Anna and Peter Smith",
        "Anna und Peter",
        "Anna y Pedro",
        "Anna i Piotr Kowalscy",
        "Анна и Пётр",
        "anna@example.com",
        "www.example.com",
        "example.com",
        "https://x.example",
        "Anna Smith 2",
        "Sales Department",
        "Отдел продаж",
        "Nguyen Van An",
        "Wang Wei",
        "ANNA Smith",
        "Martin Schulz, Berlin",
        "Anna-Smith",
        "None None",
        "Anna Smith - Acme",
        "山田 太郎",
        "Reyna Maria",
        "Анна Мария",
        "Smith; Anna",
        "A, B, C",
        "Dr.",
        "You have won a prize today, call us now",
        "x" * 101,
        "<b>Anna</b> Smith",
        "{{ object.name }}",
    ],
)
def test_where_the_rules_cannot_tell_there_is_no_first_name(name):
    person = read_name(name)
    assert (person.first, person.formal, person.is_sure) == ("", "", False)


@pytest.mark.parametrize(
    "name",
    [
        "Acme GmbH",
        "Müller & Co. KG",
        "Anna Smith 24 GmbH",
        "Acme, Inc.",
        "Acme S.L.",
        "Panaderías García SA",
        "ООО Ромашка",
        "Acme AG",
        "",
    ],
)
def test_a_company_has_no_first_name_and_that_is_certain(name):
    assert read_name(name) == NOBODY


def test_a_company_by_its_field_has_none_whatever_its_name():
    assert read_contact({"name": "Anna Smith", "is_company": True}) == NOBODY
    assert read_contact({"name": "Anna Smith", "is_company": None}).first == "Anna"
    assert read_contact({"name": None}) == NOBODY


def test_fields_with_the_parts_decide_before_any_rule():
    contact = {"name": "Google Anna", "firstname": "Anna Lena", "lastname": "Google"}
    assert read_contact(contact)[:3] == ("Anna Lena", "Google", "Anna Lena")
    contact = {"name": "Anna Smith", "firstname": False, "lastname": "Anna Smith"}
    assert read_contact(contact) == ("", "Anna Smith", "", True)
    contact = {"name": "x", "firstname": "Иван Петрович", "lastname": "Ли", "lastname2": "Го"}
    assert read_contact(contact) == ("Иван", "Ли Го", "Иван Петрович", True)
    contact = {"name": "Anna Smith", "firstname": "", "lastname": None}
    assert read_contact(contact).first == "Anna"


WORDS = st.sampled_from(
    [
        "Anna",
        "SMITH",
        "garcía",
        "de",
        "la",
        "y",
        "Иван",
        "Петрович",
        "von",
        "Dr.",
        ",",
        "J.",
        "&",
        "(",
        ")",
        '"',
        "'",
        "-",
        ".",
        "оглы",
        "Ж",
        "x",
    ]
)


@given(st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=9).map(" ".join)))
def test_any_text_is_read_and_the_parts_have_no_sign_that_no_name_has(name):
    person = read_name(name)
    assert not set("".join(person[:3])) & set('@/\\<>{}|&"()0123456789\n')
    assert person.is_sure or not person.first
    assert bool(person.first) == bool(person.formal)
    assert person.formal.startswith(person.first)


@given(st.sampled_from(["Anna Smith", "Иванов Иван Петрович", "María José García López"]))
def test_capitals_make_no_difference(name):
    assert read_name(name.upper()) == read_name(name) == read_name(name.lower())


def test_unsure_is_not_certain():
    assert not UNSURE.is_sure
    assert NOBODY.is_sure
