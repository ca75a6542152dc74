//! The language of a block of code, told from its text.

use super::signal::{COMMANDS, key_value};

/// The language of a block, empty where the text does not tell; never a guess between two that fit.
pub(super) fn language(lines: &[&str]) -> &'static str {
    let text = lines.join("\n");
    let text = text.trim();
    let has = |what: &str| text.contains(what);
    let line = |start: &str| lines.iter().any(|line| line.trim_start().starts_with(start));
    if text.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(text).is_ok() {
        return "json";
    }
    if line("package ") && (has("deny[") || has("allow {") || has("default allow")) {
        return "rego";
    }
    if line("apiVersion:") || line("kind: ") && line("metadata:") {
        return "yaml";
    }
    if (line("resource \"") || line("variable \"") || line("provider \"") || line("path \"")) && has("{") {
        return "hcl";
    }
    if line("FROM ") && (line("RUN ") || line("CMD ") || line("COPY ")) && !has("SELECT") {
        return "dockerfile";
    }
    if text.starts_with("#!/bin/bash")
        || text.starts_with("#!/usr/bin/env bash")
        || text.starts_with("#!/bin/sh")
    {
        return "bash";
    }
    if line("type ") && has(" struct {")
        || line("func ") && has("{")
        || has(":= ") && has("{")
        || line("package main")
    {
        return "go";
    }
    if line("fn ") || line("pub fn ") || line("impl ") || has("let mut ") || has("println!(") {
        return "rust";
    }
    if has("#include") && (has("std::") || has("cout")) {
        return "cpp";
    }
    if has("#include") {
        return "c";
    }
    if has("using System") || has("Console.WriteLine") || has("namespace ") && has(" class ") {
        return "csharp";
    }
    if has("public static void")
        || line("@Override")
        || has("System.out.")
        || (line("public ") || line("private ")) && has(";")
        || has("new ") && has("<>")
        || line("@") && has("public void")
    {
        return "java";
    }
    if line("pipeline {") && has("agent") {
        return "groovy";
    }
    if has("import React") || has("return <") || has("className=") {
        return "jsx";
    }
    if has("=> ")
        || has("console.log")
        || line("const ")
        || line("function ")
        || line("async function ")
        || has("socket.on(")
    {
        return "javascript";
    }
    if line("<!DOCTYPE") || line("<html") || line("<div") {
        return "html";
    }
    if [
        "SELECT ",
        "CREATE TABLE",
        "INSERT INTO",
        "UPDATE ",
        "DELETE FROM",
        "ALTER TABLE",
    ]
    .iter()
    .any(|start| line(start))
    {
        return "sql";
    }
    if line("def ")
        || line("async def ")
        || has("self.")
        || has("print(")
        || has("import ") && !has(";")
        || has("lambda ")
        || line("elif ")
        || line("except ")
    {
        return "python";
    }
    if line("for ") && has(" in ") && has(":")
        || line("with ") && has(" as ")
        || line("class ") && has(":") && !has("{")
    {
        return "python";
    }
    if lines.iter().filter(|line| !line.trim().is_empty()).all(|line| {
        let text = line.trim_start();
        text.starts_with("$ ")
            || text.starts_with('#')
            || COMMANDS.iter().any(|start| text.starts_with(start))
    }) && !text.is_empty()
    {
        return "bash";
    }
    let keys = lines.iter().filter(|line| !line.trim().is_empty()).count();
    let yaml = lines
        .iter()
        .filter(|line| key_value(line.trim()) || line.trim_start().starts_with("- ") || line.trim() == "---")
        .count();
    if keys >= 2 && yaml == keys && !has("(") && !has("{") {
        return "yaml";
    }
    // Comparisons with Python's constants and comments.
    if (has("True") || has("False") || has("None")) && has("#") || has(" is ") && has("==") {
        return "python";
    }
    "text"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        let guess = |text: &str| language(&text.lines().collect::<Vec<_>>());
        assert_eq!(guess("{ \"a\": [1] }"), "json");
        assert_eq!(guess("package k\ndeny[msg] {\n}"), "rego");
        assert_eq!(guess("apiVersion: v1\nkind: Pod"), "yaml");
        assert_eq!(guess("type Job struct {\n  ID string\n}"), "go");
        assert_eq!(guess("CREATE TABLE t (\n id INT\n);"), "sql");
        assert_eq!(guess("def f(self):\n    pass"), "python");
        assert_eq!(guess("type LogEntry {\n  message: string\n}"), "text");
        assert_eq!(guess("A -> B\nB -> C"), "text");
        assert_eq!(guess("fn main() {\n}"), "rust");
    }
}
