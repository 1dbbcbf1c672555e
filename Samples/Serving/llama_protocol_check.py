"""Runs the protocol tests of llama.cpp's own server against `ponder serve`.

The tests are llama.cpp's, in a folder that you name (tools/server/tests of its repository, or of
vendor/llama.cpp in the llama-cpp-python source package). Nothing of them is copied into Ponder: they run
from a temporary copy, with llama.cpp's own server class, which starts this file in place of
llama-server; it translates the command line into Ponder's.

    pip install pytest requests openai aiohttp filelock wget prometheus-client
    python llama_protocol_check.py --tests .../tools/server/tests --ponder .build/release/ponder

What does not apply is skipped, with its reason (NOT_APPLICABLE below; --table prints all of it). Three
things are different for all tests, since the model is Ponder's and not the one that they were written
with: expected words (`match_regex`) may be any text, expected numbers of prompt tokens any number, and the
defaults that llama-server takes on its command line (--temp, --seed) are sent with every request.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Files of tests for what Ponder does not serve.
FILES = {
    "test_compat_anthropic.py": "Anthropic's protocol is not served",
    "test_compat_gcp.py": "Vertex AI's protocol is not served",
    "test_compat_oai_responses.py": "OpenAI's Responses API is not served",
    "test_embedding.py": "no embedding models",
    "test_infill.py": "no infill; /infill answers 501",
    "test_kv_keep_only_active.py": "options of llama.cpp's own cache",
    "test_lora.py": "no adapters; a request with some is refused",
    "test_mcp_servers.py": "no tools on the server",
    "test_proxy.py": "no proxy for the web interface",
    "test_rerank.py": "no reranking models",
    "test_router.py": "one model a server",
    "test_sleep.py": "a server never unloads its model",
    "test_slot_save.py": "slots have no state of their own: prefixes are shared by all",
    "test_speculative.py": "no speculative decoding",
    "test_stream.py": "streams are not resumed; needs llama-server's router",
    "test_tool_call.py": "no tool calls; a request with tools is refused",
    "test_tools_builtin.py": "no tools on the server",
    "test_vision_api.py": "no pictures; a request with some is refused",
}

# Tests, or some of their cases (a part of the id behind the name).
TESTS = {
    "test_server_multiple_addresses": "one address a server",
    "test_server_props": "the context is the model's, not --ctx-size over the slots",
    "test_server_slots": "/slots is always on",
    "test_load_split_model": "fetches a model; split files are tested in EngineTests",
    "test_no_ui": "no web interface",
    "test_server_model_aliases_and_tags": "one alias, no tags",
    "test_completion_stream_with_openai_library_stops": "fetches a model (slow)",
    "test_completion_stream[": "asks for names of samplers that Ponder does not have "
    "(adaptive_target); the rest is in test_completion_stream_vs_non_stream",
    "test_completion_unified": "options of llama.cpp's own cache",
    "test_completion_response_fields[I believe the meaning of life is-32": "expects the prompt with "
    "that model's <s>; response_fields itself is served",
    "test_n_probs_post_sampling": "probabilities behind the sampler are refused: Ponder tells raw ones",
    "test_n_probs_post_backend_sampling": "as above",
    "test_completion_prompt_cache": "expects that model's number of tokens",
    "test_completion_parallel_slots": "asks /slots while texts are decoded, which are over too soon "
    "with a small model",
    "test_tokenize_with_bos": "expects that model's id of the beginning of text",
    "test_chat_completion[codellama70b": "template that llama.cpp has built in",
    "test_chat_completion[None-Book-What is the best book-8-^ blue": "a template as a text on the "
    "command line; Ponder takes a file",
    "test_chat_completion_cached_tokens": "expects that model's number of tokens",
    "test_chat_template": "--verbose on the command line; \"verbose\" in a request is served",
    "test_chat_template_assistant_prefill": "as above",
    "test_chat_template_continue_final_message_vllm_compat": "as above",
    "test_apply_chat_template": "template that llama.cpp has built in",
    "test_completion_with_response_format[response_format0": "no grammars; refused with 501",
    "test_completion_with_response_format[response_format1": "no grammars; refused with 501",
    "test_completion_with_response_format[response_format2": "no grammars; refused with 501",
    "test_completion_with_response_format[response_format3": "no grammars; refused with 501",
    "test_completion_with_response_format[response_format6": "no grammars; refused with 501",
    "test_completion_with_response_format[response_format7": "no grammars; refused with 501",
    "test_completion_with_json_schema": "no grammars; refused with 501",
    "test_completion_with_grammar": "no grammars; refused with 501",
    "test_completion_with_invalid_grammar": "no grammars; refused with 501",
    "test_return_progress": "no events before the first token",
    "test_context_size_exceeded": "the context is the model's, not --ctx-size over the slots",
    "test_context_size_exceeded_stream": "as above",
    "test_access_static_assets_without_api_key": "no web interface",
    "test_cors_options": "no cross-origin requests unless an origin is named; never with credentials",
    "test_cors_origins_localhost_reflects": "origins are named one by one",
    "test_cors_origins_localhost": "origins are named one by one",
    "test_cors_origins_defaults_to_localhost_with_tools_enabled": "no tools on the server",
    "test_cors_proxy_only_forwards_explicit_proxy_headers": "no proxy",
    "test_local_media_file": "no pictures",
    "test_reasoning": "--reasoning on the command line; chat_template_kwargs in a request is served",
    "test_date_inside_prompt[": "cases with tools are refused",
    "test_add_generation_prompt[": "a prompt without the beginning of its answer is refused",
    "test_ctx_shift_enabled": "a context is never shifted: that changes what was read",
    "test_ctx_shift_disabled_short_prompt": "expects that model's number of tokens",
    "test_metrics_disabled": "/metrics is always on",
    "test_metrics_prometheus_format": "figures have names of Ponder's own (ponder:…)",
    "test_metrics_prompt_processed_and_cached": "as above",
    "test_metrics_predicted_total_matches_requests": "as above",
    "test_metrics_timings_on_prompt_progress": "no events before the first token",
    "test_metrics_embedding_prompt_is_counted": "no embedding models",
}

CONFTEST = '''
import os, sys
sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.environ["PONDER_CHECK"])
import pytest
import utils
import llama_protocol_check as check


class AnyNumber(int):
    """A number that another model's tokenizer would give."""
    def __eq__(self, other): return isinstance(other, int)
    def __ne__(self, other): return not self == other
    __hash__ = int.__hash__


utils.match_regex = lambda regex, text: isinstance(text, str)


def with_defaults(method):
    def call(self, verb, path, data=None, *rest, **named):
        if verb == "POST" and isinstance(data, dict) and "completion" in path:
            data = {"temperature": self.temperature, "seed": self.seed, **data}
        return method(self, verb, path, data, *rest, **named)
    return call


utils.ServerProcess.make_request = with_defaults(utils.ServerProcess.make_request)
utils.ServerProcess.make_stream_request = with_defaults(utils.ServerProcess.make_stream_request)


def pytest_collection_modifyitems(items):
    for item in items:
        reason = check.reason(item.path.name, item.name)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
        values = getattr(item, "callspec", None)
        for name in ["n_prompt"]:
            if values and name in values.params:
                values.params[name] = AnyNumber(values.params[name])


@pytest.fixture(autouse=True)
def stop_servers():
    yield
    for server in list(utils.server_instances):
        server.stop()
'''


def reason(file, test):
    """Why a test does not apply; None where it does."""
    if file in FILES:
        return FILES[file]
    name = test.split("[")[0]
    for key, why in TESTS.items():
        if key == name or (key.startswith(name + "[") and test.startswith(key)):
            return why
    return None


def serve(arguments):
    """What llama-server would be started as, as `ponder serve`."""
    given = dict(zip(arguments, arguments[1:] + [""]))
    command = [os.environ["PONDER_BIN"], "serve"]
    if os.environ.get("PONDER_MODEL"):
        command += ["--model", os.environ["PONDER_MODEL"]]
    for theirs, ours in [
        ("--port", "--port"), ("--host", "--host"), ("--alias", "--alias"),
        ("--parallel", "--slots"), ("--n-predict", "--max-tokens"), ("--cors-origins", "--cors"),
    ]:
        value = given.get(theirs)
        if value and not value.startswith("-"):
            command += [ours, value]
    template = given.get("--chat-template-file") or given.get("--chat-template") or "chatml"
    command += ["--template", template]
    if given.get("--api-key"):
        file = tempfile.NamedTemporaryFile("w", suffix=".key", delete=False)
        file.write(given["--api-key"] + "\n")
        file.close()
        command += ["--api-key-file", file.name]
    os.execv(command[0], command)


def table():
    for key, why in list(FILES.items()) + list(TESTS.items()):
        print(f"| `{key}` | {why} |")


def main():
    if "--port" in sys.argv and "PONDER_BIN" in os.environ:
        return serve(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tests", help="the folder tools/server/tests of llama.cpp")
    parser.add_argument("--ponder", help="the program")
    parser.add_argument("--model", help="what it serves (default: its own)")
    parser.add_argument("--table", action="store_true", help="print what does not apply, and why")
    known, rest = parser.parse_known_args()
    if known.table:
        return table()
    if not known.tests or not known.ponder:
        parser.error("--tests and --ponder are needed")
    source = Path(known.tests).resolve()
    with tempfile.TemporaryDirectory() as folder:
        # The tests look for templates three folders up.
        tests = Path(folder) / "tools" / "server" / "tests"
        shutil.copytree(source, tests)
        models = source.parents[2] / "models"
        if models.exists():
            (Path(folder) / "models").symlink_to(models)
        (tests / "conftest.py").write_text(CONFTEST)
        program = Path(folder) / "llama-server"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "$@"\n')
        program.chmod(0o755)
        environment = dict(
            os.environ, LLAMA_SERVER_BIN_PATH=str(program),
            PONDER_BIN=str(Path(known.ponder).resolve()),
            PONDER_CHECK=str(Path(__file__).resolve().parent),
        )
        if known.model:
            environment["PONDER_MODEL"] = known.model
        command = [sys.executable, "-m", "pytest", "-q", "-rsf", "-p", "no:cacheprovider"]
        return subprocess.run(command + rest, cwd=tests, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
