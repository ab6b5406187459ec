using System.Collections.Immutable;
using System.Text;
using System.Xml;

namespace Tidegate.Gateway.Configuration.Source;

/// <summary>Turns XML text into a tree of <see cref="SourceElement"/>, within bounds and without ever looking outside the file.</summary>
internal static class SourceDocument
{
    /// <summary>The deepest nesting read. The documented elements nest 7 deep.</summary>
    internal const int MaximumDepth = 64;

    private const string XmlSchemaInstance = "http://www.w3.org/2001/XMLSchema-instance";

    /// <summary>Reads the root element.</summary>
    /// <param name="open">Opens the text for reading.</param>
    /// <param name="text">The same as characters, for places that the XML reader does not tell.</param>
    /// <param name="file">What messages call it.</param>
    /// <exception cref="ConfigurationException">The text is not well-formed XML, or has a document type.</exception>
    internal static SourceElement Read(Func<XmlReaderSettings, XmlReader> open, Func<TextReader> text, string file)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            MaxCharactersInDocument = ConfigurationReader.MaximumFileSize,
        };

        using XmlReader reader = open(settings);
        try
        {
            return ReadRoot(reader, file);
        }
        catch (XmlException e)
        {
            // Line and column are 0, the file as a whole, where the exception knows no place.
            var position = new SourcePosition(file, e.LineNumber, e.LinePosition);
            throw new ConfigurationException([
                e.Message.Contains("DTD", StringComparison.Ordinal)
                    ? new(PlaceOfDocumentType(text(), file), "The file has a document type (<!DOCTYPE>), which could define entities or name other files.",
                        "Remove it; for values that change, use <properties> and ${name}.")
                    : new(position, $"Invalid XML: {WithoutPlace(e)}", CureFor(e)),
            ]);
        }
    }

    /// <summary>Where the document type starts: only white space, comments and instructions may stand before it.</summary>
    private static SourcePosition PlaceOfDocumentType(TextReader text, string file)
    {
        using (text)
        {
            string end = "";
            var recent = new StringBuilder();
            for ((int line, int column) = (1, 0); text.Read() is var c and >= 0;)
            {
                (line, column) = c == '\n' ? (line + 1, 0) : (line, column + 1);
                recent.Append((char)c);
                if (end.Length > 0)
                {
                    // Inside a comment or an instruction, up to its end.
                    if (recent.Length >= end.Length && recent.ToString(recent.Length - end.Length, end.Length) == end)
                    {
                        end = "";
                        recent.Clear();
                    }
                    else if (recent.Length > end.Length)
                    {
                        recent.Remove(0, recent.Length - end.Length);
                    }

                    continue;
                }

                string begun = recent.ToString();
                if (char.IsWhiteSpace((char)c))
                {
                    recent.Clear();
                }
                else if (begun.Length > 4)
                {
                    // The root has begun.
                    break;
                }
                else if (begun == "<!D")
                {
                    return new SourcePosition(file, line, column - 2);
                }
                else if (begun is "<?" or "<!--")
                {
                    end = begun == "<?" ? "?>" : "-->";
                    recent.Clear();
                }
            }

            return new SourcePosition(file, 0, 0);
        }
    }

    private static SourceElement ReadRoot(XmlReader reader, string file)
    {
        var lines = (IXmlLineInfo)reader;
        var open = new Stack<OpenElement>();
        SourceElement? root = null;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    // The reader points at the name; people look for the bracket before it.
                    var element = new OpenElement(
                        reader.LocalName, reader.NamespaceURI, new SourcePosition(file, lines.LineNumber, lines.LinePosition - 1));
                    bool empty = reader.IsEmptyElement;
                    ReadAttributes(reader, lines, file, element);
                    if (open.Count == MaximumDepth)
                    {
                        throw new ConfigurationException([
                            new(element.Position, $"Elements are nested more than {MaximumDepth} deep.", "Is an end tag missing above?"),
                        ]);
                    }

                    open.Push(element);
                    if (empty)
                    {
                        root = Close(open) ?? root;
                    }

                    break;

                case XmlNodeType.EndElement:
                    root = Close(open) ?? root;
                    break;

                case XmlNodeType.Text:
                case XmlNodeType.CDATA:
                    open.Peek().Append(reader.Value, new SourcePosition(file, lines.LineNumber, lines.LinePosition));
                    break;
            }
        }

        // A reader that reaches the end without an exception has seen exactly one root element.
        return root!;
    }

    private static SourceElement? Close(Stack<OpenElement> open)
    {
        SourceElement closed = open.Pop().Close();
        if (open.TryPeek(out OpenElement? parent))
        {
            parent.Children.Add(closed);
            return null;
        }

        return closed;
    }

    private static void ReadAttributes(XmlReader reader, IXmlLineInfo lines, string file, OpenElement element)
    {
        while (reader.MoveToNextAttribute())
        {
            if (reader.NamespaceURI is not ("http://www.w3.org/2000/xmlns/" or XmlSchemaInstance))
            {
                element.Attributes.Add(new(reader.Name, new SourcePosition(file, lines.LineNumber, lines.LinePosition)));
            }
        }

        reader.MoveToElement();
    }

    // The place is already in front of the message, where editors find it.
    private static string WithoutPlace(XmlException e)
    {
        int place = e.Message.LastIndexOf(" Line ", StringComparison.Ordinal);
        return place > 0 ? e.Message[..place] : e.Message;
    }

    private static string CureFor(XmlException e)
    {
        if (e.Message.Contains("Root element is missing", StringComparison.Ordinal))
        {
            return $"Put everything in <gateway-config xmlns=\"{GatewayNamespaces.Current}\">.";
        }

        return e.Message.Contains("entity", StringComparison.OrdinalIgnoreCase)
            ? "Write & as &amp; and < as &lt;; other named entities do not exist here."
            : "Every start tag needs its end tag, and & and < in text are written &amp; and &lt;.";
    }

    private sealed class OpenElement(string name, string ns, SourcePosition position)
    {
        private readonly StringBuilder _text = new();
        private SourcePosition? _textPosition;

        internal SourcePosition Position => position;

        internal List<SourceElement> Children { get; } = [];

        internal List<SourceAttribute> Attributes { get; } = [];

        internal void Append(string text, SourcePosition start)
        {
            _text.Append(text);
            _textPosition ??= AfterWhiteSpace(text, start);
        }

        internal SourceElement Close() => new()
        {
            Name = name,
            Namespace = ns,
            Position = position,
            TextPosition = _textPosition ?? position,
            Text = Collapse(_text.ToString()),
            Children = [.. Children],
            Attributes = [.. Attributes],
        };

        private static SourcePosition? AfterWhiteSpace(string text, SourcePosition start)
        {
            int line = start.Line;
            int column = start.Column;
            foreach (char c in text)
            {
                if (!char.IsWhiteSpace(c))
                {
                    return start with { Line = line, Column = column };
                }

                (line, column) = c == '\n' ? (line + 1, 1) : (line, column + 1);
            }

            return null;
        }

        // All text here is of XML Schema's collapsed kind: runs of white space count as one space, and none at the ends.
        private static string Collapse(string text) =>
            string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
