"""For each house rule: code that it must catch, and code close to it that is fine."""

from tests.architecture import rules

LINE = "x = 1\n"
FLOW = "from prefect import flow\n@flow(name='a')\ndef analyze():\n    '''Doc.'''\n"

CAUGHT = [
    (rules.a_file_has_one_reason, "trading/a.py", LINE * 301),
    (rules.a_function_fits_a_screen, "adapters/a.py", "def f():\n" + "    x = 1\n" * 40),
    (rules.a_function_fits_a_screen, "adapters/a.py", "class A:\n  async def f(self):\n" + "    x = 1\n" * 40),
    (rules.a_flow_is_a_table_of_contents, "flows/a.py", FLOW + "    x = 1\n" * 26),
    (
        rules.a_flow_is_a_table_of_contents,
        "flows/a.py",
        "import prefect as p\n@p.flow\ndef f():\n" + "    x = 1\n" * 26,
    ),
    *(
        (rules.trading_reads_no_clock_and_rolls_no_dice, "trading/a.py", code)
        for code in (
            "import datetime as d\nx = d.datetime.now(d.UTC)\n",
            "from datetime import datetime as D\nx = D.utcnow()\n",
            "from datetime import datetime\nx = field(default_factory=datetime.now)\n",
            "from datetime import date\nx = date.today()\n",
            "import time\n",
            "from time import time\n",
            "import random\n",
            "from random import choice as pick\n",
            "import numpy as np\nx = np.random.default_rng()\n",
            "from numpy.random import default_rng\n",
            "from numpy import random\n",
            "import pandas as pd\nx = pd.Timestamp.now()\n",
            "from uuid import uuid4\n",
            "import os\nx = os.urandom(8)\n",
        )
    ),
    *(
        (rules.money_is_never_a_float, "trading/money.py", code)
        for code in (
            "def f(size: float) -> None: ...\n",
            "def f(size: 'float | None') -> None: ...\n",
            "def f() -> dict[str, float]: ...\n",
            "class A:\n    size: float\n",
            "x = float('1')\n",
            "x = Decimal(0.1)\n",
        )
    ),
    *(
        (rules.a_desk_is_not_a_flag, "tasks/a.py", code)
        for code in (
            "if desk == 'live': ...\n",
            "ok = desk.name != 'paper'\n",
            "if name in {'live', 'paper'}: ...\n",
            "match desk:\n    case 'embedded': ...\n",
            "if live: ...\n",
            "x = 1 if not desk.is_paper else 2\n",
            "if ready and config.dry_run(): ...\n",
        )
    ),
    (rules.infra_knows_the_tables_only, "infra/a.py", "import adapters.dynamodb\n"),
    (rules.infra_knows_the_tables_only, "infra/a.py", "from trading import strategy\n"),
    (rules.what_is_public_is_described, "blocks/a.py", "def f(): ...\n"),
    (rules.what_is_public_is_described, "blocks/a.py", "class A: ...\n"),
    (rules.what_is_public_is_described, "blocks/a.py", "class A:\n    'Doc.'\n    def f(self): ...\n"),
    (rules.nothing_is_swallowed, "adapters/a.py", "try: f()\nexcept: raise\n"),
    (rules.nothing_is_swallowed, "adapters/a.py", "try: f()\nexcept Exception: pass\n"),
    (rules.nothing_is_swallowed, "adapters/a.py", "try: f()\nexcept (OSError, BaseException) as e:\n    '''why'''\n"),
    (rules.nothing_is_swallowed, "adapters/a.py", "from contextlib import suppress\nwith suppress(Exception): f()\n"),
    (rules.a_test_states_its_fact, "tests/test_a.py", "def test_f(): ...\n"),
    (rules.a_test_states_its_fact, "tests/test_a.py", "class TestA:\n    async def test_f(self):\n        ' '\n"),
]

FINE = [
    (rules.a_file_has_one_reason, "trading/a.py", LINE * 300),
    (rules.a_function_fits_a_screen, "adapters/a.py", "def f():\n" + "    x = 1\n" * 39),
    (rules.a_flow_is_a_table_of_contents, "flows/a.py", FLOW + "    x = 1\n" * 25),
    (rules.a_flow_is_a_table_of_contents, "flows/a.py", "def helper():\n" + "    x = 1\n" * 26),
    (
        rules.trading_reads_no_clock_and_rolls_no_dice,
        "trading/a.py",
        "from datetime import datetime, time\ndef f(clock, now, random, time): return clock.now() + time.at\n",
    ),
    (
        rules.money_is_never_a_float,
        "trading/money.py",
        "if isinstance(x, float): raise TypeError\nx = Decimal('0.1')\n",
    ),
    (
        rules.a_desk_is_not_a_flag,
        "tasks/a.py",
        "d = open_desk('live')\nif side == 'buy' and live_orders: ...\n",
    ),
    (
        rules.infra_knows_the_tables_only,
        "infra/a.py",
        "import aws_cdk\nfrom trading.tables import ALL\nimport infra.b\n",
    ),
    (rules.infra_knows_the_tables_only, "infra/a.py", "from trading import tables\nfrom . import storage\n"),
    (rules.what_is_public_is_described, "blocks/a.py", "def _f(): ...\nclass _A:\n    def f(self): ...\n"),
    (rules.nothing_is_swallowed, "adapters/a.py", "try: f()\nexcept OSError: pass\nexcept Exception: log(); raise\n"),
    (rules.a_test_states_its_fact, "tests/test_a.py", "def test_f():\n    'A fact.'\ndef helper(): ...\n"),
]
