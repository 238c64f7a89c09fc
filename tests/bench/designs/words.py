"""What the designs say. The two halves share no line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The copy of one half, by use."""

    titles: tuple[str, ...]
    sublines: tuple[str, ...]
    sentences: tuple[str, ...]
    buttons: tuple[str, ...]
    labels: tuple[str, ...]
    prices: tuple[str, ...]
    dates: tuple[str, ...]
    shouts: tuple[str, ...]
    names: tuple[str, ...]
    han_titles: tuple[str, ...]
    han_sublines: tuple[str, ...]
    han_sentences: tuple[str, ...]


WORDS: dict[str, Words] = {
    "tuning": Words(
        titles=("Summer\nSounds", "JAZZ NIGHT", "Farmers\nMarket", "Open Studio", "City Run", "THE BIG\nREAD",
                "Wild Coast",
                "Coffee Week", "Art & Design\nFair", "Moonlight\nCinema", "GRAND OPENING", "Harvest\nDinner",
                "Bike to Work",
                "Robot Lab", "Slow Travel"),
        sublines=("Live music under the open sky", "Every Thursday from eight", "Fresh, local and in season",
                  "Meet the makers behind the work", "Ten kilometres through the old town",
                  "Stories for curious minds", "A weekend by the sea", "Roasted this morning",
                  "Three halls, two hundred artists", "Bring a blanket and a friend"),
        sentences=("Our volunteers have restored the old mill and invite everyone to see it.",
                   "Tickets are limited, so book early and save a seat for a friend.",
                   "The garden opens at noon and the kitchen closes at nine.",
                   "We build tools that help small teams do careful work.",
                   "Children under twelve come in for free.",
                   "All proceeds go to the harbour library.",
                   "Join the workshop and take home what you make."),
        buttons=("Sign up", "Buy tickets", "Learn more", "Download", "Get started", "Reserve", "Continue"),
        labels=("Overview", "Revenue", "Visitors", "Messages", "Settings", "Team", "Projects", "Archive", "Growth",
                "Orders", "Support", "Budget"),
        prices=("$24.90", "€12", "$149", "£8.50", "-30%", "€ 59,99"),
        dates=("12 JUNE 2025", "Sat 4 October", "July 18 – 20", "Friday, 7 pm", "03.09.2025"),
        shouts=("SALE", "NEW", "50% OFF", "HOT!", "FREE", "WOW!", "LIVE"),
        names=("Anna Keller", "Tom Rivers", "Dr. Lena Voss", "Milo Hart", "North & Sons", "Blue Door Gallery"),
        han_titles=("夏日音乐节", "春季上新", "城市马拉松", "咖啡时光", "艺术市集", "新年快乐"),
        han_sublines=("每周四晚八点开始", "全场低至五折", "与好友共度周末", "限量席位 先到先得"),
        han_sentences=("我们诚邀您参加本次活动，现场设有多个互动展区。", "门票数量有限，请提前在线预订。",
                       "所有收入将捐给海港图书馆。"),
    ),
    "unseen": Words(
        titles=("Night\nGarden", "WINTER GAMES", "Paper\nPlanes", "Ocean Talks", "Street Food", "FUTURE\nOF WORK",
                "Tea House", "Photo Walk", "Vinyl &\nVintage", "Mountain\nSchool", "LAST CHANCE", "Bakery\nClass",
                "Green Mobility", "Code Camp", "Quiet Hours"),
        sublines=("Lanterns, music and mulled cider", "Qualifiers start on Monday", "Fold it, throw it, film it",
                  "Six speakers on a changing coast", "Forty stalls along the river",
                  "How teams will meet in ten years", "Hand picked leaves from small farms",
                  "Bring your oldest camera", "Records, lamps and leather chairs", "Learn to read the snow"),
        sentences=("The course is open to beginners and lasts for two full days.",
                   "Please register at the desk before you enter the hall.",
                   "Everything on the menu is vegetarian unless marked.",
                   "Our engineers publish each design under a free licence.",
                   "Dogs are welcome on the terrace but not indoors.",
                   "A shuttle bus leaves the station every half hour.",
                   "Write to us and we will answer within a day."),
        buttons=("Try it now", "Book a table", "Read on", "Subscribe", "Add to cart", "Next step", "Watch video"),
        labels=("Dashboard", "Income", "Users", "Inbox", "Profile", "Members", "Tasks", "Library", "Traffic", "Sales",
                "Help", "Energy"),
        prices=("$39.00", "€7,50", "$1,299", "£19", "-45%", "¥ 880"),
        dates=("21 DECEMBER", "Sun 9 March", "May 2 – 5", "Tonight at 10", "17/11/2026"),
        shouts=("DEAL", "BEST", "2 for 1", "YES!", "BONUS", "BOOM!", "TODAY"),
        names=("Clara Mendez", "Jun Watanabe", "Prof. Ida Lund", "Oscar Bell", "Fern & Fable", "Red Kite Press"),
        han_titles=("冬季灯会", "周年庆典", "山地学校", "茶馆雅集", "街头美食", "未来办公"),
        han_sublines=("周一开赛 欢迎观战", "第二件半价", "带上你的老相机", "沿河四十个摊位"),
        han_sentences=("课程面向初学者，为期两天，含午餐。", "请在入场前到前台登记。", "接驳车每半小时从车站发出。"),
    ),
}  # fmt: skip

PALETTES: dict[str, tuple[tuple[str, ...], ...]] = {
    # background, then accents, the last two being ink on light and ink on dark
    "tuning": (
        ("#f7f1e3", "#e55039", "#f6b93b", "#38ada9", "#4a69bd", "#1e272e", "#ffffff"),
        ("#0f1b3d", "#ff6b6b", "#feca57", "#48dbfb", "#5f27cd", "#10142a", "#f5f6fa"),
        ("#ffffff", "#2d98da", "#eb3b5a", "#f7b731", "#20bf6b", "#2f3542", "#ffffff"),
        ("#fdd9c6", "#b33939", "#218c74", "#227093", "#84817a", "#2c2c54", "#fff8f0"),
        ("#20463c", "#f3c969", "#edff86", "#e07a5f", "#81b29a", "#14281d", "#fdfcdc"),
        ("#ede7f6", "#7e57c2", "#ff7043", "#26a69a", "#ffca28", "#311b92", "#ffffff"),
        ("#ffe66d", "#ff6b6b", "#4ecdc4", "#1a535c", "#ff9f1c", "#2b2d42", "#f7fff7"),
        ("#e3eef4", "#02475e", "#fb8500", "#219ebc", "#8ecae6", "#023047", "#ffffff"),
    ),
    "unseen": (
        ("#fbf7f4", "#6a994e", "#bc4749", "#a7c957", "#386641", "#242423", "#f2e8cf"),
        ("#2b193d", "#f0a6ca", "#9c89b8", "#efc3e6", "#f26a8d", "#1a0f26", "#fdf7ff"),
        ("#f4f4f9", "#586ba4", "#f68e5f", "#f5dd90", "#f76c5e", "#324376", "#ffffff"),
        ("#101010", "#e63946", "#f1faee", "#a8dadc", "#457b9d", "#0a0a0a", "#fafafa"),
        ("#dff3e3", "#087e8b", "#ff5a5f", "#bfd7ea", "#c81d25", "#0b3954", "#ffffff"),
        ("#ffb5a7", "#9d0208", "#3d405b", "#fcd5ce", "#6d597a", "#22223b", "#fff1e6"),
        ("#00535e", "#ffb703", "#94d2bd", "#ee9b00", "#ca6702", "#001219", "#e9f5f2"),
        ("#eae2b7", "#d62828", "#003049", "#f77f00", "#588157", "#14213d", "#fffdf5"),
    ),
}
"""Eight palettes a half: background, four accents, ink on light, ink on dark."""
