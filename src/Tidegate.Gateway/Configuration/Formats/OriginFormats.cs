using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Tidegate.Gateway.Configuration.Description;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>An origin (RFC 6454) with the port always added, or <c>*</c> for all.</summary>
internal sealed class OriginFormat : ValueFormat<string>
{
    internal override string Description => "an origin such as https://example.com, or *";

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = text;
        fault = null;
        if (text == "*")
        {
            return true;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0 || uri.Scheme is not ("http" or "https"))
        {
            fault = new(
                $"Cross-site allow-origin must have URI syntax with http or https scheme, not \"{text}\".",
                "Write one such as https://www.example.com, or * for every origin.");
            return false;
        }

        // "http://h/" and "http://h" are one to Uri; only the text tells them apart.
        string afterScheme = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        if (afterScheme.AsSpan().IndexOfAny("/?#@") >= 0)
        {
            fault = new(
                $"Cross-site allow-origin must have URI syntax without path, query or fragment, not \"{text}\".",
                $"Write {uri.Scheme}://{uri.Authority}.");
            return false;
        }

        value = string.Create(CultureInfo.InvariantCulture, $"{uri.Scheme}://{uri.Host}:{uri.Port}");
        return true;
    }
}

/// <summary>HTTP methods with commas between, in upper case.</summary>
internal sealed class MethodListFormat : ValueFormat<ImmutableArray<string>>
{
    private static readonly string[] s_methods = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"];

    internal override string Description => "HTTP methods with commas between";

    internal override bool TryRead(string text, out ImmutableArray<string> value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(m => m.ToUpperInvariant()).Distinct()];
        string? wrong = value.FirstOrDefault(m => !s_methods.Contains(m));
        fault = wrong is null
            ? null
            : new(
                $"\"{wrong}\" in \"{text}\" is not an HTTP method.",
                Suggestion.For(wrong, s_methods) is { } similar ? $"Did you mean {similar}?" : $"Methods: {string.Join(", ", s_methods)}.");
        return fault is null;
    }

    internal override string Show(ImmutableArray<string> value) => string.Join(",", value);
}

/// <summary>Whole seconds as RFC 9110 has them, or any time interval.</summary>
internal sealed class MaximumAgeFormat : ValueFormat<TimeSpan>
{
    private static readonly TimeIntervalFormat s_interval = new();

    internal override string Description => "whole seconds, or a time interval";

    internal override bool TryRead(string text, out TimeSpan value, [NotNullWhen(false)] out TextFault? fault)
    {
        // As RFC 9110 has it, in which there is no limit but that of the number.
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
        {
            value = TimeSpan.FromSeconds(seconds);
            fault = null;
            return true;
        }

        return s_interval.TryRead(text, out value, out fault);
    }

    internal override string Show(TimeSpan value) =>
        value.Ticks % TimeSpan.TicksPerSecond == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{value.Ticks / TimeSpan.TicksPerSecond}")
            : s_interval.Show(value);
}
