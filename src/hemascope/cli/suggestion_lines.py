"""Suggestions in the terminal."""

from rich.console import Console

from hemascope.hematology.classification.wording import WordedSuggestions


def print_suggestions(words: WordedSuggestions, *, with_trace: bool) -> None:
    """What each system says and why, an urgent alert first; `with_trace` adds every rule."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    if words.urgent:
        console.print(words.urgent, style="bold red")
    for system in words.systems:
        console.print(f"\n{words.heading}: {system.title}: {system.verdict}", style="bold")
        for line in system.lines:
            console.print(f"  - {line}")
    for remark in words.remarks:
        console.print(f"\n{remark}")
    for system in words.systems if with_trace else ():
        console.print(f"\n{words.trace_heading}: {system.title}", style="bold")
        for rule in system.trace:
            console.print(f"  {rule.rule_id}  {rule.outcome}: {rule.answer}", style="bold")
            for line in (*rule.conditions, rule.source):
                console.print(f"      {line}")
    console.print(f"\n{words.disclaimer}", style="bold")
