"""The chat: ``python -m app``.

The environment is set here because Gradio and the model libraries read it while they are imported,
and nothing of this product may leave the machine: no usage statistics, no look-up of models.
"""

import os

os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TRANSFORMERS_OFFLINE="1",
)
