"""The words of the demo shop. Changing a list changes every demo shop."""

CATALOGUE: dict[str, dict[str, tuple[str, ...]]] = {
    "Electronics": {
        "Headphones": ("Wireless Headphones", "Studio Headphones", "Earbuds", "Headset"),
        "Computers": ("Laptop", "Mini PC", "Mechanical Keyboard", "Monitor", "USB Hub"),
        "Cameras": ("Action Camera", "Tripod", "Macro Lens", "Camera Bag"),
    },
    "Kitchen": {
        "Coffee & Tea": ("Espresso Machine", "Pour-over Kettle", "Burr Grinder", "Teapot", "Café Cup Set"),
        "Cookware": ("Cast-iron Skillet", "Stock Pot", "Sauté Pan", "Wok"),
        "Knives": ("Chef's Knife", "Santoku", "Paring Knife", "Whetstone"),
    },
    "Garden": {
        "Tools": ("Pruning Shears", "Spade", "Watering Can", "Hand Trowel"),
        "Furniture": ("Folding Chair", "Teak Bench", "Parasol", "Hammock"),
    },
    "Outdoor": {
        "Camping": ("Two-person Tent", "Sleeping Bag", "Head Torch", "Camp Stove"),
        "Cycling": ("Commuter Helmet", "Pannier", "Floor Pump", "Bike Light Set"),
        "Hiking": ("Trekking Poles", "Rucksack 40 l", "Rain Jacket", "Wool Socks"),
    },
    "Books": {
        "Cookbooks": ("Cookbook", "Bread Book", "Pastry Atlas"),
        "Travel": ("City Guide", "Walking Guide", "Phrase Book"),
        "Children's": ("Picture Book", "Colouring Book", "Bedtime Stories"),
    },
    "Wellness": {
        "Fitness": ("Yoga Mat", "Kettlebell 12 kg", "Resistance Bands", "Foam Roller"),
        "Bath": ("Bath Towel", "Olive Soap", "Bathrobe", "Crème Set"),
    },
}

BRANDS = (
    "Alder", "Birk", "Cala", "Doré", "Élan", "Fjord", "Grove", "Halcyon", "Indigo", "Juno", "Kestrel", "Lumen",
    "Mistral", "Nord", "Ōkami", "Pika", "Quill", "Råvara", "Sol", "Tern", "Umbra", "Verve", "Wren", "Xylo", "Yarrow",
    "Zephyr",
)  # fmt: skip

DESCRIPTIONS = (
    "Made to be repaired: every part can be ordered on its own.",
    "A favourite of our own staff, who use it every day.",
    "Light, quiet and simple to clean.",
    "Tested for 10 000 hours, guaranteed for five years.",
    "Comes in a box of recycled card, without a gram of plastic.",
    "Now in a new colour: crème brûlée. 🎨",
    "Designed in Århus, made in Łódź.",
    "100% what it says on the label_ & nothing else.",
)

GIVEN = (
    "Aïcha", "Anna", "Björn", "Chiara", "Chloé", "Daniel", "Đorđe", "Elif", "Emma", "Fatima", "Grace", "Hiroshi",
    "Ingrid", "Isabel", "James", "João", "Kateřina", "Liam", "Łukasz", "Mária", "Mei", "Mohammed", "Nguyễn", "Noa",
    "Olga", "Priya", "Rafael", "Sigríður", "Sofia", "Tuomas", "Wei", "Yuki", "Zoë",
)  # fmt: skip

FAMILY = (
    "Diallo", "Kowalska", "Åkesson", "Ricci", "Lefèvre", "O'Connor", "Petrović", "Yılmaz", "Müller", "Zahra",
    "Okafor", "Tanaka", "Sørensen", "Núñez", "Smith", "Gonçalves", "Dvořáková", "Murphy", "Wójcik", "Szabó", "Chen",
    "Al-Farsi", "Minh", "Levi", "Ivanova", "Sharma", "Souza", "Jónsdóttir", "Rossi", "Järvinen", "Zhang", "Satō",
    "de Vries",
)  # fmt: skip

NAMES = (
    "伟 李", "さくら 山田", "Иван Петров", "Νίκος Παππάς", "محمد علي", "שרה כהן", "अनिता शर्मा",
)  # fmt: skip
"""Full names, whose parts are not combined with those above."""

BIOS = (
    "Coffee first.",
    "Collects maps and hats.",
    "Gardener, cyclist, early riser.",
    "Reads on trains. 📚",
    "Ask me of tea.",
)

STREETS = (
    "Main Street",
    "Rue des Lilas",
    "Bahnhofstraße",
    "Calle Mayor",
    "Storgatan",
    "Via Roma",
    "Ulica Długa",
    "桜通り",
)

CITIES = ("Lisbon", "Zürich", "Gdańsk", "Bogotá", "Malmö", "Kyōto", "Nairobi", "Montréal", "Αθήνα", "Reykjavík")

TAGS = ("news", "how-to", "staff picks", "sustainability", "recipes", "repair", "Über uns", "gifts", "sale", "日本")

TITLES = (
    "Five things to know before you buy: {product}",
    "How we chose our {product}",
    "Repair, don't replace: {product}",
    "{product}: one year on",
    "What you asked us about: {product}",
)

SENTENCES = (
    "We have sold it for years, and few have come back.",
    "The second version fixes what the first got wrong.",
    "Put it where you can reach it, or you will not use it.",
    "Our workshop keeps every spare part, down to the screws.",
    "It costs more than others, and it lasts longer than all of them.",
    "Write to us if you know a better way. Many of you did.",
    "No, it does not come in green. Yes, we asked. 🌿",
)

METHODS = ("card", "card", "card", "transfer", "wallet")
