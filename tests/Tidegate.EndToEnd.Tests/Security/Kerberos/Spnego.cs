namespace Tidegate.EndToEnd.Tests.Security.Kerberos;

/// <summary>Tokens of RFC 4178 that no client at hand makes, by hand.</summary>
internal static class Spnego
{
    private static readonly byte[] s_kerberos = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];

    /// <summary>A client that offers Kerberos, and waits for the word before it shows a ticket.</summary>
    internal static byte[] InitialWithoutToken =>
        Der(0x60, [0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02, .. Der(0xa0, Der(0x30, Der(0xa0, Der(0x30, s_kerberos))))]);

    /// <summary>The token of Kerberos within what a client has sent at once.</summary>
    internal static byte[] MechanismTokenIn(byte[] initial)
    {
        // The name of the mechanism comes in the list of those offered first, and then at the beginning of its token, behind a tag and a length of two bytes.
        int listed = initial.AsSpan().IndexOf(s_kerberos);
        int named = listed + s_kerberos.Length + initial.AsSpan(listed + s_kerberos.Length).IndexOf(s_kerberos);
        int start = named - 4;
        Assert.Equal([0x60, 0x82], initial[start..(start + 2)]);
        return initial[start..(named + (initial[start + 2] << 8) + initial[start + 3])];
    }

    /// <summary>A client that goes on with its token.</summary>
    internal static byte[] Response(byte[] token) => Der(0xa1, Der(0x30, Der(0xa2, Der(0x04, token))));

    private static byte[] Der(byte tag, byte[] content) =>
        content.Length < 0x80 ? [tag, (byte)content.Length, .. content] : [tag, 0x82, (byte)(content.Length >> 8), (byte)content.Length, .. content];
}
