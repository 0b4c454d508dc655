"""A pipeline that takes FLOWAPI_TOKEN too early in one task, and as it should in the others. Each writes down what it got."""

import os
from datetime import datetime

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Variable
except ImportError:
    from airflow.models import DAG, Variable
    from airflow.operators.bash import BashOperator

OUT = os.environ["RENEWD_PEER_OUT"]
AT_RUN_TIME = {"FLOWAPI_TOKEN": "{{ var.value.FLOWAPI_TOKEN }}"}
AT_PARSE_TIME = {"FLOWAPI_TOKEN": Variable.get("FLOWAPI_TOKEN")}


def writing(file):
    return f'printf %s "$FLOWAPI_TOKEN" > {OUT}/{file}'


with DAG("reads_flowapi_token", schedule=None, start_date=datetime(2026, 1, 1)):
    # Goes on until the token was renewed meanwhile, as a long task does.
    wait = f"touch {OUT}/started; until [ -e {OUT}/renewed ]; do sleep 0.1; done"
    long = BashOperator(
        task_id="long",
        env=AT_RUN_TIME,
        append_env=True,
        bash_command=f"{writing('long-before')}; {wait}; {writing('long-after')}",
    )
    later = BashOperator(task_id="later", env=AT_RUN_TIME, append_env=True, bash_command=writing("later"))
    early = BashOperator(task_id="early", env=AT_PARSE_TIME, append_env=True, bash_command=writing("early"))
    long >> later >> early
