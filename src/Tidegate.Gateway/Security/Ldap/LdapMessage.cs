using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Text;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>Messages of LDAP as bytes (RFC 4511, section 4): those few that a login needs.</summary>
internal static class LdapMessage
{
    internal static readonly Asn1Tag BindResponse = new(TagClass.Application, 1, isConstructed: true);
    internal static readonly Asn1Tag SearchEntry = new(TagClass.Application, 4, isConstructed: true);
    internal static readonly Asn1Tag SearchDone = new(TagClass.Application, 5, isConstructed: true);
    internal static readonly Asn1Tag SearchReference = new(TagClass.Application, 19, isConstructed: true);
    internal static readonly Asn1Tag ExtendedResponse = new(TagClass.Application, 24, isConstructed: true);

    private const string StartTlsName = "1.3.6.1.4.1.1466.20037";
    private const string NoAttributes = "1.1";

    private static readonly Asn1Tag s_bindRequest = new(TagClass.Application, 0, isConstructed: true);
    private static readonly Asn1Tag s_unbindRequest = new(TagClass.Application, 2);
    private static readonly Asn1Tag s_searchRequest = new(TagClass.Application, 3, isConstructed: true);
    private static readonly Asn1Tag s_extendedRequest = new(TagClass.Application, 23, isConstructed: true);
    private static readonly Asn1Tag s_zero = new(TagClass.ContextSpecific, 0);
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private enum Scope
    {
        WholeSubtree = 2,
    }

    private enum Aliases
    {
        AlwaysFollowed = 3,
    }

    /// <summary>Who is there, by name and password; nobody in particular where both are empty.</summary>
    internal static byte[] Bind(int id, string name, string password) => Write(id, writer =>
    {
        using (writer.PushSequence(s_bindRequest))
        {
            writer.WriteInteger(3);
            writer.WriteOctetString(Encoding.UTF8.GetBytes(name));
            writer.WriteOctetString(Encoding.UTF8.GetBytes(password), s_zero);
        }
    });

    internal static byte[] Search(int id, LdapSearch search, TimeSpan limit) => Write(id, writer =>
    {
        using (writer.PushSequence(s_searchRequest))
        {
            writer.WriteOctetString(Encoding.UTF8.GetBytes(search.BaseName));
            writer.WriteEnumeratedValue(Scope.WholeSubtree);
            writer.WriteEnumeratedValue(Aliases.AlwaysFollowed);
            writer.WriteInteger(search.MaximumEntries);
            writer.WriteInteger((int)Math.Max(1, Math.Ceiling(limit.TotalSeconds)));
            writer.WriteBoolean(false);
            search.Filter.Write(writer, search.Values);
            using (writer.PushSequence())
            {
                foreach (string attribute in search.Attributes.IsEmpty ? [NoAttributes] : search.Attributes)
                {
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute));
                }
            }
        }
    });

    internal static byte[] StartTls(int id) => Write(id, writer =>
    {
        using (writer.PushSequence(s_extendedRequest))
        {
            writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTlsName), s_zero);
        }
    });

    internal static byte[] Unbind(int id) => Write(id, writer => writer.WriteNull(s_unbindRequest));

    /// <summary>What a message is and what is in it.</summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    internal static (int Id, Asn1Tag Kind, AsnReader Content) Read(ReadOnlyMemory<byte> message)
    {
        AsnReader whole = new AsnReader(message, AsnEncodingRules.BER).ReadSequence();
        if (!whole.TryReadInt32(out int id))
        {
            throw new AsnContentException();
        }

        Asn1Tag kind = whole.PeekTag();
        return (id, kind, kind.IsConstructed ? whole.ReadSequence(kind) : whole);
    }

    /// <summary>How an operation ended, of a response that holds nothing else that matters.</summary>
    /// <exception cref="AsnContentException">The message is none.</exception>
    internal static LdapResult ReadResult(AsnReader content)
    {
        LdapResultCode code = content.ReadEnumeratedValue<LdapResultCode>();
        _ = content.ReadOctetString();
        return new LdapResult(code, Encoding.UTF8.GetString(content.ReadOctetString()));
    }

    /// <summary>An entry.</summary>
    /// <exception cref="AsnContentException">The message is none.</exception>
    internal static LdapEntry ReadEntry(AsnReader content)
    {
        string name = Text(content.ReadOctetString()) ?? throw new AsnContentException();
        ImmutableDictionary<string, ImmutableArray<string>>.Builder attributes =
            ImmutableDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.OrdinalIgnoreCase);
        for (AsnReader list = content.ReadSequence(); list.HasData;)
        {
            AsnReader attribute = list.ReadSequence();
            string type = Encoding.UTF8.GetString(attribute.ReadOctetString());
            ImmutableArray<string>.Builder values = ImmutableArray.CreateBuilder<string>();
            for (AsnReader set = attribute.ReadSetOf(); set.HasData;)
            {
                if (Text(set.ReadOctetString()) is { } value)
                {
                    values.Add(value);
                }
            }

            attributes[type] = values.ToImmutable();
        }

        return new LdapEntry(name, attributes.ToImmutable());
    }

    private static byte[] Write(int id, Action<AsnWriter> operation)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            operation(writer);
        }

        return writer.Encode();
    }

    private static string? Text(byte[] bytes)
    {
        try
        {
            return s_utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
