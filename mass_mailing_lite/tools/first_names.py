"""Words that tell the parts of a name apart: common first names, surnames, titles, particles.

The lists are short on purpose. They decide where the order of a name is unclear; a name that is in
none of them is read by its form. See :mod:`.person_name`.
"""

import unicodedata
from functools import lru_cache

# Letters that Unicode does not decompose.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d"})
_MARKS = dict.fromkeys([*range(0x300, 0x370), ord("'"), 0x2019, 0x02BC, ord("ʹ")])


@lru_cache(maxsize=8192)
def fold(word: str) -> str:
    """Return a word in lower case, without accents and apostrophes."""
    word = word.casefold()
    if word.isascii():
        return word.replace("'", "")
    return unicodedata.normalize("NFKD", word.translate(_LETTERS)).translate(_MARKS)


def _read(words: str) -> frozenset[str]:
    return frozenset(map(fold, words.split()))


# First names that are hardly ever surnames.
FIRST_NAMES = _read("""
    Aaron Adela Adriana Agata Agnes Agnieszka Aisha Alba Aleksander Aleksandra Alejandra Alejandro
    Alessandra Alessandro Alexandra Alice Alicia Alina Alison Amanda Amelia Amelie Amy Ana Anastasia
    Andrea Andrzej Andriy Andreas Angela Angelika Ángeles Anita Anja Anke Ann Anna Annabel Anne
    Annegret Annette Annie Antoine Antje Antonia Antonio Antonina Astrid Aurélie Barbara Barbora
    Bartosz Beata Beate Beatrice Beatriz Begoña Belén Benedikt Bernadette Bettina Bill Birgit Bob
    Bogdan Bohdan Boris Bożena Brenda Brian Brigitte Bruno Camila Camille Carlo Carmen Carla Carol Carolina
    Caroline Catalina Catherine Cécile Charlotte Chiara Chloé Christa Christiane Christina Christine
    Christoph Christophe Claire Clara Clare Claudia Concepción Consuelo Cristian Cristina Cynthia
    Dagmar Dana Daria Dariusz Debora Deborah Denise Diana Didier Diego Dieter Dmitri Dmitry Dolores
    Dominika Doris Dorota Dorothea Edyta Eduardo Edward Ekaterina Elena Eleonora Elisa Elisabeth
    Elizabeth Elke Ella Ellen Elvira Elżbieta Emilia Emily Emma Emmanuel Enrique Éric Erika Esther
    Eugenia Eva Evelyn Ewa Fabian Fatima Fernando Filip Florian Francesca Francesco Francisca
    Francisco Françoise Franziska François Frédéric Friederike Gabriela Gabriele Gabrielle Gerda
    Gerhard Gérard Gisela Giulia Giovanni Giuseppe Giuseppina Gonzalo Grażyna Gretchen Grzegorz
    Guadalupe Guillaume Guillermo Gustavo Halina Hanna Hannah Hans Heather Heidi Heike Heinz Helen
    Helena Helga Hélène Henri Henryk Hubert Ian Ignacio Igor Ilona Ines Inés Ingrid Irena Irene Irina
    Iris Isabel Isabella Isabelle Iwona Jack Jacek Jakub Jan Jana Janina Janusz Jarosław Javier Jean
    Jennifer Jerzy Jessica Jesús Jo Joan Joanna Joaquín Jochen Johann Johanna Johannes John José
    Josefa Josefina Józef Juan Juana Judith Julia Julian Juliana Julie Julien Jürgen Jutta Karen Karin
    Karina Karl Karolina Karsten Katarzyna Kate Katharina Katherine Kathleen Kathrin Katja Katrin
    Kerstin Kevin Kimberly Kinga Klara Klaus Krzysztof Krystyna Lars Laura Laurent Lea Leah Lena Leonie
    Leszek Leticia Lidia Linda Lisa Liudmyla Louise Luca Lucia Lucía Lucie Lucy Łukasz Luis Luisa Luz
    Maciej Magda Magdalena Maja Małgorzata Manfred Manuela Manon Marcin Marek Margarita Margaret
    Margarete Margit Marguerite María Marianne Mariana Marie Marina Mario Mariola Mariusz Marlene Marta
    Martha Martina Mary Mateo Mateusz Mathieu Matthias Matthew Maxime Melanie Melissa Mercedes Michał
    Michela Michele Michelle Miguel Mikhail Mirosław Miriam Monica Monika Monique Montserrat Nadia
    Nadine Nadja Nancy Natalia Natalie Nathalie Nicolas Nicole Nina Nora Núria Nuria Olaf Oleksandr
    Olena Olga Olivia Ołeksandr Pablo Pamela Paola Patricia Paula Paulina Pauline Petra Piotr Pilar
    Philippe Pierre Przemysław Quentin Rachel Radosław Rafael Rafał Raquel Rebecca Regina Reiner
    Renata Renate Roberta Roberto Rocío Rosa Rosario Rosemarie Ruth Ryszard Sabine Salvador Samantha
    Sandra Sara Sarah Sebastian Sébastien Sergei Sergey Serhiy Sergio Silke Silvia Simone Sławomir
    Sofia Sofía Sonia Sophia Sophie Stanisław Stefania Stefanie Stéphane Stephanie Steven Sue Susan
    Susana Susanne Sven Svetlana Svitlana Sylvia Sylvie Szymon Tadeusz Tamara Tanja Tatiana Tatjana
    Teresa Thérèse Tiffany Tim Timothy Tomasz Torsten Tim Tina Tom Ulrike Ursula Ute Uwe Valentina
    Valeria Valérie Vanessa Vera Veronica Veronika Verónica Victoria Viktor Viktoria Viktoriya
    Virginia Vladimir Volodymyr Waldemar Waltraud Wanda Wiesław Wiktor Wiktoria Witold Wojciech
    Wolfgang Xavier Yolanda Yulia Yuliia Yuri Yuriy Yvonne Zbigniew Zofia Zoe Zoé Zuzanna
""")

# First names that are surnames, too.
ALSO_SURNAMES = (
    _read("""
    Adam Adrian Alan Albert Alexander Alexis Alfonso Alfred Allan Allen Alonso Amador André Andrew
    Andrés Anselm Anthony Anton Arnaud Arnold Arthur Artur August Austin Barry Beck Benjamin Bernard
    Bernhard Bernd Bertrand Blanca Blake Carlos Carter Charles Christian Clément Cruz Daniel David
    Denis Dennis Dominik Dominique Domingo Donald Douglas Dylan Eberhard Elias Emil Engel Eric Erich
    Ernst Esteban Evan Felipe Felix Ferdinand Francis Franco Frank Franz Frederick Friedrich Fritz
    Gabriel Gary Gaspar George Georg Georges Gerald Gilbert Gloria Gordon Grace Graham Gregory
    Guido Günther Guzmán Harald Harry Heinrich Henry Herman Hermann Hope Horst Howard Hugh Hugo Ivan
    Jackson Jacob Jacques Jaime Jakob James Jason Jasmin Jerome Joel Jonas Jordan Jorge Joseph Joy
    Joyce Julio Julius Kelly Kim Konrad Kurt Lambert Lee Leo Leon Leonard Leonhard Leslie Lewis Louis
    Lloyd Lorenz Lorenzo Lucas Ludwig Luke Manuel Marc Marco Marcel Marcus Mark Marko Markus Marcos
    Marín Marshall Martin Martín Mason Mateu Mathias Maurice Max Melvin Michael Michel Milan Mohamed
    Mohammed Morgan Moritz Nathan Neil Nicholas Nico Nikolaus Noah Norbert Norman Oliver Olivier Oscar
    Óscar Oskar Otto Owen Pascal Patrick Pascual Paul Pedro Peter Philip Philipp Phillip Rafaela Ralf
    Ralph Ramón Ray Raymond Rainer Reinhard Rey Reyes Ricardo Richard Robert Robin Roger Roland Roman
    Rose Ross Roy Rubén Rudolf Rudolph Russell Ryan Salomon Sam Samuel Santiago Santos Scott Sean Simon
    Simón Sidney Stanley Stefan Stephan Stephen Stewart Stuart Taylor Terry Theo Theodor Thomas Tobias
    Todd Tomás Tony Trinidad Tyler Urban Valentin Valentín Vera Vicente Victor Víctor Vincent Vincenz
    Wade Walter Warren Werner Wilhelm William Wolf
""")
    - FIRST_NAMES
)

# Spanish and Portuguese first names: what follows may be two surnames.
TWO_SURNAMES = _read("""
    Adriana Alba Alberto Alejandra Alejandro Alicia Álvaro Ana André Andrés Ángel Ángela Antonio
    António Beatriz Begoña Belén Carla Carlos Carmen Carolina Catalina Concepción Cristina Daniela
    Diego Dolores Eduardo Elena Emilio Enrique Ernesto Esteban Eva Felipe Fernando Fernanda Francisco
    Francisca Gabriela Gonzalo Guadalupe Guillermo Gustavo Ignacio Inés Isabel Iván Jaime Javier Jesús
    Joana João Joaquín Jordi Jorge José Juan Juana Julio Laura Leticia Lucía Luis Luisa Manuel Manuela
    Marcos Margarita María Mariana Marta Mario Mateo Mercedes Miguel Mónica Montserrat Natalia Núria
    Óscar Pablo Patricia Paula Pedro Pilar Rafael Ramón Raquel Raúl Ricardo Roberto Rocío Rodrigo Rosa
    Rosario Rubén Salvador Santiago Sara Sergio Silvia Sofía Sonia Susana Teresa Tomás Valentina
    Verónica Vicente Víctor Victoria Xavier Yolanda
""")
SPANISH_SURNAMES = _read("""
    García Garcia Díaz Ruiz Moreno Muñoz Romero Navarro Torres Ramos Gil Serrano Blanco Molina Morales
    Suárez Ortega Delgado Castro Ortiz Rubio Iglesias Medina Garrido Cortés Castillo Lozano Guerrero
    Cano Prieto Méndez Cruz Flores Herrera Peña Cabrera Campos Vega Fuentes Carrasco Silva Costa
    Pereira Oliveira Ferreira Almeida Carvalho Sousa Souza Rodrigues Fernandes Gonçalves Martins Lopes
""")

# Words that begin a first name of two: the second is in FIRST_NAMES, or the pair is below.
HEADS = _read("""
    Ana Anna Anne Annie Antonio Carlo Eva Francisco Gian Giovanni Hans Jean Johann José Juan Juana
    Karl Luis Luisa Luz María Maria Marie Mary Miguel Rosa
""")
PAIRS = frozenset(
    tuple(pair.split("+"))
    for pair in _read("""
    Miguel+Ángel José+Manuel José+Carlos José+Ramón José+Alberto José+Vicente José+Ángel José+Andrés
    José+Daniel José+Miguel José+Luis José+María José+Antonio José+Javier José+Francisco José+Ignacio
    Juan+Carlos Juan+Manuel Juan+Ramón Juan+Pedro Juan+Pablo Juan+Luis Juan+José Juan+Antonio
    Juan+Miguel Juan+Francisco Luis+Alberto Luis+Miguel Luis+Fernando Luis+Ángel Luis+Manuel
    Carlos+Alberto Carlos+Eduardo Víctor+Manuel Pedro+José Pedro+Luis Marco+Antonio Ángel+Luis
    Francisco+José Francisco+Javier Francisco+Manuel Jesús+María Manuel+Jesús Rosa+María
    María+Ángeles María+Cruz María+Gloria Ana+Belén Ana+Isabel Ana+Rosa María+José María+Jesús
    Jean+Pierre Jean+Paul Jean+Jacques Jean+Claude Jean+Luc Jean+Marie Jean+Michel Jean+François
    Jean+Louis Jean+Marc Jean+Baptiste Hans+Peter Hans+Jürgen Hans+Georg Karl+Heinz Klaus+Dieter
    Mary+Ann Mary+Jane Mary+Lou Mary+Beth Mary+Kate Sarah+Jane Anne+Sophie Anna+Lena Anna+Sophia
    João+Pedro João+Paulo Ana+Paula Pedro+Henrique Gian+Luca Gian+Carlo
    """)
)
# María del Carmen, Juan de Dios: what follows "de", "del", "de la", "de los".
DEVOTIONS = _read("""
    Carmen Mar Pilar Rosario Rocío Valle Pino Sol Socorro Consuelo Cielo Milagro Prado Coro Puerto
    Luz Paz Cruz Concepción O Soledad Esperanza Asunción Fuensanta Cabeza Caridad Ángeles Dolores
    Mercedes Nieves Remedios Desamparados Reyes Dios Jesús Lourdes Fátima Guadalupe Montserrat
""")

PARTICLES = _read("""
    von van vom zu zum zur de del della delle degli dei di da das dos do du des der den dem ter ten
    la le les lo los las af av bin ibn al el abu ben st mac ap
""")
# Families from these places write the surname first, and many keep that abroad.
SURNAMES_AHEAD = _read("""
    Nguyễn Trần Phạm Huỳnh Hoàng Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Wang Wong Zhang Chang Zhao Zhou Chen
    Chan Li Liu Huang Wu Xu Sun Hu Zhu Gao Lin Guo Ma Luo Liang Tang Xiao Feng Cao Peng Zeng Cheung
    Leung Park Choi Jung Kang Yoon Nagy Kovács Szabó Tóth Horváth Varga Kiss Molnár Németh Farkas
""")

# Cyrillic: Russian, Ukrainian, Bulgarian.
CYRILLIC_NAMES = _read("""
    Абрам Август Аделина Адель Азат Айгуль Айдар Александр Александра Алексей Алена Алёна Алина Алиса
    Алла Альберт Альбина Альфия Амина Амир Анастасия Анатолий Ангелина Андрей Анжела Анжелика Анна
    Антон Антонина Анфиса Арина Аркадий Арсен Арсений Артем Артём Артемий Артур Ася Афанасий Ахмед
    Богдан Борис Булат Вадим Валентин Валентина Валерий Валерия Варвара Василий Василиса Ваня Вася
    Вениамин Вера Вероника Виктор Виктория Виолетта Виталий Виталина Влад Влада Владимир Владислав
    Владислава Всеволод Вячеслав Галина Геннадий Георгий Герман Глеб Григорий Гульнара Давид Дамир
    Даниил Данил Данила Дания Дарина Дарья Дениc Денис Диана Дина Динара Дмитрий Евгений Евгения Егор
    Екатерина Елена Елизавета Ефим Жанна Захар Зинаида Зоя Иван Игнат Игорь Илона Ильдар Илья Инга
    Инесса Инна Иосиф Ираида Ирина Ия Камила Карина Каролина Катерина Катя Ким Кира Кирилл Клавдия
    Константин Коля Кристина Ксения Лада Лариса Лев Лейла Лена Леонид Лиана Лидия Лика Лилия Лина
    Лиза Лия Любовь Людмила Маргарита Марат Марианна Марина Мария Марк Мартин Марьяна Матвей Маша
    Милана Милена Мирон Мирослав Мирослава Михаил Муса Мурат Надежда Назар Наиля Настя Наталия Наталья
    Наташа Николай Нина Нонна Оксана Олег Олеся Ольга Оля Павел Петр Пётр Платон Полина Потап Рамиль
    Раиса Рашид Регина Ренат Рената Римма Ринат Роберт Родион Роза Роман Ростислав Руслан Рустам Савелий
    Саша Светлана Святослав Семен Семён Сергей Серёжа Сима Снежана София Софья Станислав Степан Таисия
    Тамара Таня Тарас Татьяна Тимофей Тимур Тихон Ульяна Фаина Фарид Федор Фёдор Филипп Фома Эдуард
    Эльвира Эльдар Эльза Эмиль Эмма Эрик Юлиан Юлия Юля Юрий Юра Яков Ян Яна Ярослав Ярослава
    Олександр Олександра Олексій Олена Олеся Олесь Андрій Сергій Дмитро Володимир Микола Михайло Петро
    Павло Василь Наталія Тетяна Ірина Юлія Оксана Світлана Людмила Марія Надія Віктор Вікторія Віталій
    Валентина Анатолій Анастасія Катерина Євген Євгенія Ігор Ілля Ганна Галина Григорій Георгій Денис
    Данило Дарина Дар'я Софія Соломія Степан Тарас Тимофій Федір Юрій Яків Ярослав Ярослава Роман Остап
    Орест Олег Назар Максим Максимиліан Маркіян Лілія Лідія Леонід Кирило Іван Іванна Зоряна Зінаїда
    Едуард Валерій Валерія Вадим Борис Богдана Антін Антоніна Артем Алла Аліна Мар'яна Мирослава
    Георги Димитър Иванка Йордан Красимир Мариана Никола Петя Стефан Стоян Тодор Христо
""")
# Stems of masculine patronymics of today: Иван-ович, Сергеевич. Others in -ович may be surnames.
PATRONYMIC_STEMS = _read("""
    Александр Алексе Анатоль Андре Антон Аркадь Арсень Артем Артур Богдан Борис Вадим Валентин Валерь
    Василь Виктор Виталь Владимир Владислав Всеволод Вячеслав Геннадь Георги Герман Глеб Григорь Давид
    Даниил Данил Денис Дмитри Евгень Егор Ефим Захар Иван Игнать Игор Иосиф Кирилл Константин Леонид
    Максим Марат Марк Матве Мирон Михаил Михаил Назар Никола Олег Павл Петр Платон Роман Ростислав
    Руслан Рустам Святослав Семен Серге Станислав Степан Тарас Тимофе Тимур Федор Филипп Эдуард Юрь Яковл
    Ярослав Олександр Олексі Анатолі Андрі Віктор Віталі Володимир Григор Дмитр Євген Іван Ігор Леонід
    Микола Михайл Миколай Микол Петр Павл Сергі Степан Юрі Василь Валері Яков
""")

TITLES = _read("""
    mr mister mrs ms miss mx dr prof professor sir dame lady lord rev reverend hon capt col maj sgt
    freiherr freifrau graf gräfin baron baronin baroness count countess prinz prinzessin
    herr herrn frau fräulein fr hr dring drmed drmeddent drphil drjur drrernat drhc ddr mag ing
    med dent vet phil jur rer nat habil hc univ pd priv doz
    excmo excma ilmo ilma padre estimado estimada dear lieber liebe cher chère уважаемый уважаемая
    шановний шановна assprof aoprof oprof iur
    sr sra srta señor señora señorita doña dña dna dra lic lcdo lcda arq abg mtro mtra
    m mme mlle monsieur madame mademoiselle maître me docteur
    pan pani państwo p mgr inż lek hab dhab ks
    г-н г-жа гн гжа господин госпожа гр гражданин тов товарищ д-р др доктор проф профессор акад
    пан пані панна добродій кандидат
""")
# Only before a first name, because they are words of their own, too: Don José, but Don Johnson.
TITLES_BEFORE_FIRST = _read("don d p m fr")
DEGREES = _read("""
    phd dphil md mba jr sr junior senior ii iii iv esq esquire bsc msc beng meng llm llb mphil cpa cfa
    pmp dds dvm rn ba ma bs ms mpa dba mag kmn ktn кмн ктн кэн кфмн дмн дтн дэн кин кюн
""")
SHORT_DEGREES = _read("ba ma bs ms md ii iv rn iii")
# One trader, whose name follows.
TRADERS = _read("ип фоп чп спд")
COMPANY_FORMS = _read("""
    gmbh mbh ohg gbr ltd limited llc inc incorporated corp corporation plc llp slu sau sas sarl srl
    aps oü doo spzoo zoo ооо зао оао пао тзов тов прат пат
""")
# Two letters, which are words of other kinds as well: in capitals or with dots alone.
SHORT_FORMS = _read("ag kg ug ev se eg sl sa sc spa bv nv ab oy oo co ао нко ано пп дп кп")

AND = _read("and und et och og en и та й oraz plus")
# Between surnames, too: José Ortega y Gasset.
MAYBE_AND = _read("y i e")
NOT_PEOPLE = _read("""
    info admin administrator office sales team teams department dept support service services customer
    customers contact marketing accounting account accounts billing finance hr helpdesk webmaster
    none null undefined anonymous nn name surname firstname lastname vorname nachname nombre apellido
    unbekannt desconocido desconocida inconnu nieznany nieznana неизвестно неизвестный имя фамилия
    newsletter noreply test tester user guest unknown company companies group holding international
    hotel restaurant café school university college institute hospital clinic bank insurance foundation
    association club society church museum library ministry agency studio store shop center centre
    warehouse headquarters reception secretary board press
    kontakt vertrieb buchhaltung einkauf verkauf abteilung verein stiftung schule universität firma
    praxis kanzlei empfang sekretariat familie family familia famille rodzina семья родина
    ventas compras contabilidad administración administracion oficina equipo departamento empresa
    cliente clientes atención colegio universidad ayuntamiento asociación fundación tienda
    comptabilité service équipe société école université mairie direction accueil
    biuro dział dzial sekretariat szkoła fundacja stowarzyszenie sklep księgowość firma
    отдел бухгалтерия офис компания фирма магазин школа университет администрация группа клиент
    відділ бухгалтерія офіс компанія крамниця університет адміністрація група клієнт
""")

# What is looked at before an ordinary name of two words is taken as it stands.
SPECIAL = frozenset().union(
    TITLES, TITLES_BEFORE_FIRST, DEGREES, SHORT_DEGREES, COMPANY_FORMS, SHORT_FORMS, TRADERS,
    AND, MAYBE_AND, NOT_PEOPLE, PARTICLES, SURNAMES_AHEAD,
)  # fmt: skip
