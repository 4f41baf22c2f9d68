"""How the page looks: NHS blue, the system's own fonts, the styles and script beside this file."""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__).parent

_NHS_BLUE = "#005eb8"
_DARK_BLUE = "#003d78"
_FONTS = tuple(gr.themes.Font(name) for name in ("Arial", "Helvetica", "sans-serif"))


def theme() -> gr.themes.Base:
    """Gradio's plain theme with contrasts of at least 4.5 to 1, in light and in dark."""
    base = gr.themes.Default(font=_FONTS, font_mono=_FONTS, text_size=gr.themes.sizes.text_lg)
    return base.set(
        color_accent=_NHS_BLUE,
        button_primary_background_fill=_NHS_BLUE,
        button_primary_background_fill_dark=_NHS_BLUE,
        button_primary_background_fill_hover=_DARK_BLUE,
        button_primary_background_fill_hover_dark=_DARK_BLUE,
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        input_border_color="#4c6272",
        input_border_color_dark="#aeb7bd",
        block_label_text_color="#212b32",
        block_label_text_color_dark="#f0f4f5",
        block_title_text_color="#212b32",
        block_title_text_color_dark="#f0f4f5",
        body_text_color="#212b32",
        body_text_color_dark="#f0f4f5",
        body_text_color_subdued="#4c6272",
        body_text_color_subdued_dark="#d8dde0",
    )


def head() -> str:
    """What goes into the page's head.

    The styles stand here because Gradio rewrites its ``css`` option and loses ``@supports``.
    """
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    return f"<style>{style}</style><script>{script}</script>"
