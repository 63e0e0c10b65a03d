# Autochrome on a CPU:           docker build -t autochrome .
# with zhang-v2's weights in it: docker build -t autochrome --build-arg WEIGHTS=zhang-v2 .
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HOME=/home/autochrome/huggingface \
    GRADIO_TEMP_DIR=/tmp/gradio \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860

RUN useradd --create-home --uid 1000 autochrome
WORKDIR /app

COPY requirements.txt requirements-mcp.txt ./
RUN pip install --no-cache-dir -r requirements.txt -r requirements-mcp.txt

COPY . .
USER 1000

ARG WEIGHTS=""
RUN if [ -n "$WEIGHTS" ]; then python app.py fetch "$WEIGHTS"; fi

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['GRADIO_SERVER_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "app.py"]
