"""INJ025: what a language model answers is run."""

from __future__ import annotations

from buckler.core.finding import Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call, Flow, Flows
from buckler.scan.engines.source.flow.values import truth


class ModelOutputRun(Rule):
    """The answer of a language model is run as code, as a command or as a statement.

    ## What it is
    Text of a model goes to ``eval``, ``exec``, a shell or a database; or an agent is given a tool that runs
    whatever the model writes: ``PythonREPL``, ``ShellTool``, ``allow_dangerous_code=True``.

    ## Why it matters
    Whoever writes what the model reads (a question, a web page, a mail) writes what it answers. A sentence in
    a document then runs a command on your server.

    ## How to fix
    Let the model choose among functions of yours with typed arguments, and check those as you check a request's.
    Where code has to run, run it in a sandbox without network, files and secrets.

    ## How to check
    Ask it to repeat ``__import__("os").getpid()`` word for word: nothing may be run.

    ## Roll-out
    List what people use the tool for now; most of it is a handful of functions.

    ## References
    CWE-94, CWE-1426; OWASP LLM05:2025 Improper Output Handling; ASVS 5.0 V1.3.2 and V15.2.5.
    """

    id = "INJ025"
    name = "model-output-run"
    title = "Answer of a language model is run"
    severity = Severity.HIGH
    cwe = (94, 1426)
    owasp = ("API10:2023", "A03:2021", "A05:2025")
    asvs = ("V1.3.2", "V15.2.5")
    flows = Flows(
        "code",
        """
        builtins.{eval,exec,compile}(0,source) os.{system,popen}(0) subprocess.{run,call,check_call,check_output,Popen,getoutput}(0,args) asyncio.create_subprocess_shell(0)
        sqlite3.{Connection,Cursor}.{execute,executescript}(0) sqlalchemy.text(0) sqlalchemy.Connection.exec_driver_sql(0) dbapi.{Connection,Cursor}.{execute,fetch}(0)
        pickle.loads(0) yaml.load(0)
        """,
        sources=frozenset({"model"}),
    )
    calls = """
        {langchain_experimental.utilities,langchain_experimental.utilities.python,langchain.utilities}.PythonREPL
        {langchain_experimental.tools,langchain_experimental.tools.python.tool}.{PythonREPLTool,PythonAstREPLTool}
        {langchain_community.tools,langchain_community.tools.shell.tool}.ShellTool
        {langchain_experimental.agents,langchain_experimental.agents.agent_toolkits}.{create_pandas_dataframe_agent,create_csv_agent,create_python_agent}
        smolagents.CodeAgent
        """
    fix = Fix(
        "let the model choose among functions of yours",
        before="result = eval(answer.content)",
        after="result = FUNCTIONS[call.name](**Arguments.model_validate_json(call.arguments).model_dump())",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from openai import OpenAI

            app = FastAPI()
            client = OpenAI()


            @app.get("/calculate")
            def calculate(question: str) -> str:
                answer = client.chat.completions.create(model="small", messages=[{"role": "user", "content": question}])
                return str(eval(answer.choices[0].message.content))
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import FastAPI

            from reports import Reports

            app = FastAPI()


            @app.get("/report")
            def report(wish: str) -> list[tuple]:
                return Reports().made(wish)
            """,
            files={
                "reports.py": """
                import sqlite3

                from anthropic import Anthropic

                model = Anthropic()


                class Reports:
                    def made(self, wish: str) -> list[tuple]:
                        message = model.messages.create(model="small", max_tokens=200, messages=[{"role": "user", "content": wish}])
                        statement = message.content[0].text.strip()
                        with sqlite3.connect("shop.db") as db:
                            return db.execute(statement).fetchall()
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI
            from langchain_experimental.agents import create_pandas_dataframe_agent
            from langchain_openai import ChatOpenAI

            app = FastAPI()


            @app.get("/ask")
            def ask(question: str) -> str:
                agent = create_pandas_dataframe_agent(ChatOpenAI(), [], allow_dangerous_code=True)
                return agent.invoke(question)["output"]
            """,
            line=10,
        ),
    )
    good = (
        Example(
            """
            import json

            from fastapi import FastAPI
            from openai import OpenAI

            app = FastAPI()
            client = OpenAI()
            FUNCTIONS = {"total": sum, "most": max}


            @app.get("/calculate")
            def calculate(question: str) -> float:
                answer = client.chat.completions.create(model="small", messages=[{"role": "user", "content": question}])
                wish = json.loads(answer.choices[0].message.content)
                return FUNCTIONS[wish["name"]]([float(n) for n in wish["numbers"]])
            """,
        ),
        Example(
            """
            import sqlite3

            from anthropic import Anthropic
            from fastapi import FastAPI

            app = FastAPI()
            model = Anthropic()


            @app.get("/summary")
            def summary(text: str) -> str:
                message = model.messages.create(model="small", max_tokens=200, messages=[{"role": "user", "content": text}])
                with sqlite3.connect("shop.db") as db:
                    db.execute("INSERT INTO summaries VALUES (?)", (message.content[0].text,))
                return message.content[0].text
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from langchain_openai import ChatOpenAI

            app = FastAPI()
            RULES = {"vat": "net * 0.19"}


            @app.get("/ask")
            def ask(question: str, net: int = 100) -> str:
                amount = eval(RULES["vat"], {"net": net})
                return str(ChatOpenAI().invoke(f"{question}: {amount}").content)
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """The answer of a model in something that runs it."""
        if not flow.taints:
            return None
        if flow.call.startswith("subprocess.") and not _in_shell(flow):
            return None
        what = flow.call.removeprefix("builtins.")
        return Verdict(
            f"The answer of a language model goes to {what}: whoever writes what it reads decides what runs."
        )

    def check_call(self, call: Call) -> Verdict | None:
        """A tool that runs what a model writes."""
        tool = call.name.rpartition(".")[2]
        if tool.startswith("create_"):
            allowed = call.given(-1, "allow_dangerous_code")
            if allowed is None or truth(allowed) is not True:
                return None
        if tool == "CodeAgent" and call.given(-1, "executor_type") is not None:
            return None
        return Verdict(f"{tool} runs whatever a language model writes, in this process.")


def _in_shell(flow: Flow) -> bool:
    shell = flow.other(-1, "shell")
    return (shell is not None and truth(shell) is not False) or "getoutput" in flow.call
