"""Benchmarks: not tests. One command runs them all and writes docs/benchmarks.md: python -m tests.benchmarks"""
