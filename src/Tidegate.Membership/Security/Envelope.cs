namespace Tidegate.Membership.Security;

/// <summary>
/// What everything a cluster says is wrapped in: a label, a seal, both or neither. Packets and streams share it, and all
/// members must have the same.
/// </summary>
internal sealed class Envelope
{
    /// <summary>A label's length is one byte.</summary>
    internal const int MaximumLabel = 255;

    private readonly byte[] _label;

    /// <param name="label">At most 255 bytes; empty for none, which is all that Debian's Serf understands.</param>
    /// <param name="keyring">Null for a cluster that does not encrypt. With one, plain input is refused.</param>
    /// <exception cref="ArgumentException">The label is too long.</exception>
    internal Envelope(ReadOnlySpan<byte> label, Keyring? keyring)
    {
        if (label.Length > MaximumLabel)
        {
            throw new ArgumentException($"A label has at most {MaximumLabel} bytes, not {label.Length}.", nameof(label));
        }

        _label = label.ToArray();
        Keyring = keyring;
    }

    /// <summary>No label, no encryption.</summary>
    internal static Envelope Plain { get; } = new([], null);

    internal Keyring? Keyring { get; }

    internal ReadOnlySpan<byte> Label => _label;

    /// <summary>Bytes that a label takes in front: its type, its length and itself, or nothing.</summary>
    internal int LabelOverhead => _label.Length == 0 ? 0 : 2 + _label.Length;
}
