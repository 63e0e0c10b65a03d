"""The page's own theme: neutral greys, so that nothing tints the photograph, and one accent."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.themes.utils.colors import Color

GREY = Color(
    name="grey",
    c50="#fafafa",
    c100="#f3f3f3",
    c200="#e6e6e6",
    c300="#d2d2d2",
    c400="#a0a0a0",
    c500="#707070",
    c600="#565656",
    c700="#404040",
    c800="#2a2a2a",
    c900="#1c1c1c",
    c950="#141414",
)

VERMILION = Color(
    name="vermilion",
    c50="#fdf3ef",
    c100="#fae2d8",
    c200="#f4c3b0",
    c300="#ec9f82",
    c400="#e47f59",
    c500="#d4613a",
    c600="#b0461f",
    c700="#933b1d",
    c800="#74301a",
    c900="#5a2817",
    c950="#2f130a",
)
"""After the orange grains of the Lumières' autochrome plates."""

_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")


def make_theme() -> Any:
    """Light and dark; system fonts only, so that nothing comes from the network."""
    theme = gr.themes.Base(
        primary_hue=VERMILION,
        secondary_hue=VERMILION,
        neutral_hue=GREY,
        radius_size="lg",
        font=_FONT,
        font_mono=_MONO,
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_200",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_text_color="*neutral_900",
        block_title_text_color_dark="*neutral_200",
        block_title_text_weight="550",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_info_text_size="*text_sm",
        layout_gap="*spacing_xl",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_500",
        checkbox_border_color_selected="*primary_600",
        checkbox_border_color_selected_dark="*primary_500",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_900",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="*neutral_950",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
    )
